/** Controller-wide limits: how many installs and unavailable Nodes are ahead of a Dpu. All replicas rank those that wait in the same order. */
import type { Dpu } from '@dpf/api';
import { recordsOf } from './host/records.ts';
import type { Caps } from './lifecycle/observed.ts';
import { byRank, isBefore, standsAside } from './place.ts';
import type { Settings, World } from './world.ts';

/** Nothing is counted for a limit that is not set, and nobody who waits where the places are taken already. */
export function capsOf(dpu: Dpu, { dpus, nodes }: Pick<World['stores'], 'dpus' | 'nodes'>, settings: Settings): Caps {
  const { maxParallelInstalls, maxUnavailableNodes } = settings;
  if (maxParallelInstalls === undefined && maxUnavailableNodes === undefined) return {};
  const isOther = ({ metadata }: Dpu) => metadata.uid !== dpu.metadata.uid;
  const installing = dpus.byIndex('place', 'installing').filter(isOther);
  if (maxParallelInstalls !== undefined && installing.length >= maxParallelInstalls)
    return { installs: { limit: maxParallelInstalls, ahead: installing.length } };
  const waiting = dpus.byIndex('place', 'waiting').filter((other) => isOther(other) && isBefore(other, dpu));
  const ahead = [...installing, ...waiting];
  return {
    ...(standsAside(dpu) ? { joins: true } : {}),
    ...(maxParallelInstalls === undefined ? {} : { installs: { limit: maxParallelInstalls, ahead: ahead.length } }),
    ...(maxUnavailableNodes === undefined ? {} : { nodes: { limit: maxUnavailableNodes, ahead: hostsAhead(dpu, ahead, nodes) } }),
  };
}

/** Those whom a place that became free may let go on: not everybody who waits, of a large fleet that would be nearly all of it each time. */
export function nextInLine({ dpus }: Pick<World['stores'], 'dpus'>, { maxParallelInstalls, maxUnavailableNodes }: Settings): Dpu[] {
  const free = Math.min(
    maxParallelInstalls === undefined ? Infinity : maxParallelInstalls - dpus.byIndex('place', 'installing').length,
    maxUnavailableNodes ?? Infinity,
  );
  return free > 0 ? byRank(dpus.byIndex('place', 'waiting')).slice(0, free) : [];
}

/** Nodes that are held or are about to be; the Dpu's own counts only if it is not among them already. */
function hostsAhead(dpu: Dpu, ahead: readonly Dpu[], nodes: World['stores']['nodes']): number {
  const held = nodes
    .list()
    .filter((node) => Object.keys(recordsOf(node).holders).length > 0)
    .map(({ metadata }) => metadata.name);
  const hosts = new Set([...held, ...ahead.map(({ spec }) => spec.nodeName)]);
  return hosts.has(dpu.spec.nodeName) ? 0 : hosts.size;
}
