import { onRealApi } from '@dpf/control-plane/testing';
import { startKubeSim } from '@dpf/kube-sim';
import { kubeContract } from './contract.ts';

kubeContract('the embedded API server', () => startKubeSim());
onRealApi((start) => kubeContract('a real kube-apiserver', start));
