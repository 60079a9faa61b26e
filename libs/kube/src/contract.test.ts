import { createPki, startKubeSim } from '@dpf/kube-sim';
import { test } from '@jest/globals';
import { startKubeApiServer } from '../test/kube-apiserver.ts';
import { kubeContract } from './contract.ts';

kubeContract('the embedded API server', () => startKubeSim());

const assets = process.env['KUBEBUILDER_ASSETS'];
if (assets) kubeContract('a real kube-apiserver', async () => startKubeApiServer(assets, await createPki()));
else test.todo('a real kube-apiserver: set KUBEBUILDER_ASSETS to run the contract on it');
