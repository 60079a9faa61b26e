/** Misbehaviour of a run's API servers, for what the services ask; what a story itself asks is left alone. */
import type { ControlPlane as RunningControlPlane } from '@dpf/control-plane';
import { startFaultProxy, type FaultLayer, type FaultProxy, type FaultSpec } from '@dpf/kube-faults';
import type { ControlPlane } from './control-plane.ts';
import { CONTROLLERS, type Controller } from './workspace.ts';

/** A proxy in front of a real API server, with a certificate of the same CA. */
export async function proxyTo(api: RunningControlPlane): Promise<FaultProxy> {
  const [admin, serving] = await Promise.all([api.pki.client('kubernetes-admin', ['system:masters']), api.pki.server()]);
  return startFaultProxy({ server: api.url, caPem: api.caPem, admin, serving, restart: () => api.restart() });
}

/** @throws Error where the control plane was started without */
export function faultsOf({ faults }: ControlPlane): FaultLayer {
  if (!faults) throw new Error('this control plane was started without faults');
  return faults;
}

export interface Armed {
  /** How often it was dealt so far. */
  dealt(): number;
  end(): void;
}

let number = 0;

/** Makes a fault effective for these services; a restart is everybody's, and over when this resolves. */
export async function arm(plane: ControlPlane, spec: FaultSpec, services: readonly Controller[] = CONTROLLERS): Promise<Armed> {
  const layer = faultsOf(plane);
  const id = (name: string) => `${spec.kind}-${number}-${name}`;
  number += 1;
  const of =
    spec.kind === 'restart'
      ? [{ ...spec, id: id('all') }]
      : services.map((name) => ({ ...spec, id: id(name), match: { ...spec.match, userAgent: `${name}/` } }));
  await Promise.all(of.map((fault) => layer.add(fault)));
  const mine = new Set(of.map((fault) => fault.id));
  let ended = 0;
  const dealt = () => ended + layer.list().reduce((sum, fault) => sum + (mine.has(fault.id) ? fault.dealt : 0), 0);
  return {
    dealt,
    end: () => {
      ended = dealt();
      for (const one of mine) layer.remove(one);
    },
  };
}

/** What the services asked so far, by service, verb and resource, refused requests too. */
export function asked(plane: ControlPlane): Map<string, number> {
  return new Map([...faultsOf(plane).requestsBy].filter(([what]) => CONTROLLERS.some((name) => what.startsWith(`${name} `))));
}

/** What was asked since; kinds of requests that were not made are left out. */
export function askedSince(plane: ControlPlane, before: ReadonlyMap<string, number>): Map<string, number> {
  const now = [...asked(plane)].map(([what, count]) => [what, count - (before.get(what) ?? 0)] as const);
  return new Map(now.filter(([, count]) => count > 0));
}
