import { onBothApis } from '@dpf/kube-sim/testing';
import { kubeContract } from './contract.ts';

onBothApis((name, start) => kubeContract(name, start));
