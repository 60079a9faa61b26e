/** Where the stories are told: the embedded server with the layer inside, the proxy before it and, where one can be had, before a real one. */
import { onRealApi } from '@dpf/control-plane/testing';
import { describe } from '@jest/globals';
import { startKubeSim } from '@dpf/kube-sim';
import { clientKubeconfig, type Pki } from '@dpf/pki';
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

async function embedded(): Promise<Place> {
  const sim = await startKubeSim();
  return { name: 'embedded', kubeconfig: sim.kubeconfig, faults: sim.faults, control: sim.faultsUrl, close: () => sim.close() };
}

interface Server {
  url: string;
  close(): Promise<void>;
  restart?: () => Promise<void>;
}

async function behindProxy(name: string, pki: Pki, server: Server): Promise<Place> {
  const proxy = await startFaultProxy({
    server: server.url,
    caPem: pki.caPem,
    admin: await admin(pki),
    serving: await pki.server(),
    ...(server.restart && { restart: server.restart }),
  });
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

async function proxied(): Promise<Place> {
  const sim = await startKubeSim();
  return behindProxy('proxied', sim.pki, sim);
}

/** Tells stories at every place; where no real server can be had its stories are skipped. */
export function everywhere(title: string, tell: (start: () => Promise<Place>) => void): void {
  describe(`${title} the embedded API server`, () => tell(embedded));
  describe(`${title} a proxy before the embedded API server`, () => tell(proxied));
  onRealApi((start) =>
    describe(`${title} a proxy before a real kube-apiserver`, () =>
      tell(async () => {
        const server = await start();
        return behindProxy('real', server.pki, server);
      })),
  );
}
