/** Where the stories are told: the embedded server with the layer inside, the proxy before it and, where one can be had, before a real one. */
import { startKubeSim } from '@dpf/kube-sim';
import { clientKubeconfig, createPki, type Pki } from '@dpf/pki';
import { startKubeApiServer } from '../../../libs/kube/test/kube-apiserver.ts';
import { startFaultProxy, type FaultLayer } from '../src/index.ts';

export interface Place {
  name: string;
  /** An administrator's. */
  kubeconfig: string;
  faults: FaultLayer;
  control: string;
  close(): Promise<void>;
}

const admin = (pki: Pki) => pki.client('kubernetes-admin', ['system:masters']);

export async function embedded(): Promise<Place> {
  const sim = await startKubeSim();
  return { name: 'embedded', kubeconfig: sim.kubeconfig, faults: sim.faults, control: sim.faultsUrl, close: () => sim.close() };
}

async function behindProxy(name: string, pki: Pki, server: { url: string; close(): Promise<void> }): Promise<Place> {
  const proxy = await startFaultProxy({ server: server.url, caPem: pki.caPem, admin: await admin(pki), serving: await pki.server() });
  return {
    name,
    kubeconfig: clientKubeconfig(proxy.url, pki.caPem, await admin(pki)),
    faults: proxy.faults,
    control: proxy.control,
    close: async () => {
      await proxy.close();
      await server.close();
    },
  };
}

export async function proxied(): Promise<Place> {
  const sim = await startKubeSim();
  return behindProxy('proxied', sim.pki, sim);
}

/** @param assets folder with etcd and kube-apiserver */
export async function real(assets: string): Promise<Place> {
  const pki = await createPki();
  return behindProxy('real', pki, await startKubeApiServer(assets, pki));
}

export const PLACES: [name: string, start: () => Promise<Place>][] = [
  ['the embedded API server', embedded],
  ['a proxy before the embedded API server', proxied],
];
const assets = process.env['KUBEBUILDER_ASSETS'];
if (assets) PLACES.push(['a proxy before a real kube-apiserver', () => real(assets)]);
