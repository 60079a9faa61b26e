/** How fast an API server takes writes when nothing else is asked of it: the ceiling in lower bounds. */
import { KINDS, type Dpu } from '@dpf/api';
import { CORE } from '@dpf/kube';
import type { Server } from '../servers/servers.ts';
import { inLanes } from './parallel.ts';

/** As many as dpu-controller works keys at a time. */
const LANES = 16;
const OBJECTS = 64;
const NAMESPACE = 'bench';

/** Status patches of Dpus, as dpu-controller's, per second; in a namespace that no service watches. */
export async function writeCeiling({ cluster }: Server, writes: number): Promise<number> {
  await cluster.resource(CORE.Namespace).create({ metadata: { name: NAMESPACE } });
  const dpus = cluster.resource<Dpu>(KINDS.Dpu);
  const spec = (i: number) => ({ nodeName: `none-${i}`, pciAddress: '0000-4b-00', bfb: 'none', dpuFlavor: 'none' });
  const names = Array.from({ length: OBJECTS }, (_, i) => `scratch-${i}`);
  await inLanes(names, LANES, (name, i) =>
    dpus.create({ apiVersion: KINDS.Dpu.apiVersion, kind: 'Dpu', metadata: { name, namespace: NAMESPACE }, spec: spec(i) }),
  );
  const patch = (n: number) => ({
    status: {
      phase: 'OSInstalling',
      observedGeneration: 1,
      waitingFor: `the agent of host none-${n} to install card 0000-4b-00 (since ${n})`,
      conditions: ['Initialized', 'BFBReady', 'PreflightPassed', 'OSInstalled', 'Ready', 'Reconciling', 'Stalled'].map((type) => ({
        type,
        status: 'False',
        reason: 'Installing',
        message: `waiting for the agent of host none-${n} to install card 0000-4b-00`,
        lastTransitionTime: '2026-03-01T12:00:00Z',
        observedGeneration: 1,
      })),
    },
  });
  const round = (count: number, from: number) =>
    inLanes(
      Array.from({ length: count }, (_, i) => from + i),
      LANES,
      (n) => dpus.patchStatus({ namespace: NAMESPACE, name: names[n % OBJECTS] as string }, patch(n)),
    );
  // Connections and compiled code first.
  await round(Math.ceil(writes / 4), 0);
  const began = performance.now();
  await round(writes, writes);
  return (1000 * writes) / (performance.now() - began);
}
