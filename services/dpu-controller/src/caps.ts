/** Controller-wide limits: how many installs and unavailable Nodes are ahead of a Dpu. All replicas rank those that wait in the same order. */
import type { Dpu, Node } from '@dpf/api';
import { recordsOf } from './host/records.ts';
import type { Caps } from './lifecycle/observed.ts';
import type { Settings } from './world.ts';

const isInstalling = ({ status }: Dpu): boolean =>
  (status?.phase === 'NodeEffect' || status?.phase === 'OSInstalling') && status.attempt?.nextRetryTime === undefined;
/** Its preflight passed: it would go on if the limit let it. */
const isWaiting = ({ status }: Dpu): boolean =>
  status?.phase === 'Pending' && status.operation?.kind === 'preflight' && status.operation.state === 'Succeeded';
const rank = ({ metadata, status }: Dpu): string => `${status?.attempt?.startedAt} ${metadata.uid}`;

/** Whether there is anything to count: copying the lists for every Dpu of a large fleet costs more than the rest of its decision. */
export const isLimited = ({ maxParallelInstalls, maxUnavailableNodes }: Settings): boolean =>
  maxParallelInstalls !== undefined || maxUnavailableNodes !== undefined;

/** Nothing is counted for a limit that is not set. */
export function capsOf(dpu: Dpu, dpus: readonly Dpu[], nodes: readonly Node[], settings: Settings): Caps {
  const { maxParallelInstalls, maxUnavailableNodes } = settings;
  if (!isLimited(settings)) return {};
  const others = dpus.filter(({ metadata }) => metadata.uid !== dpu.metadata.uid);
  const ahead = others.filter((other) => isInstalling(other) || (isWaiting(other) && rank(other) < rank(dpu)));
  return {
    ...(maxParallelInstalls === undefined ? {} : { installs: { limit: maxParallelInstalls, ahead: ahead.length } }),
    ...(maxUnavailableNodes === undefined ? {} : { nodes: { limit: maxUnavailableNodes, ahead: hostsAhead(dpu, ahead, nodes) } }),
  };
}

/** Nodes that are held or are about to be; the Dpu's own counts only if it is not among them already. */
function hostsAhead(dpu: Dpu, ahead: readonly Dpu[], nodes: readonly Node[]): number {
  const held = nodes.filter((node) => Object.keys(recordsOf(node).holders).length > 0).map(({ metadata }) => metadata.name);
  const hosts = new Set([...held, ...ahead.map(({ spec }) => spec.nodeName)]);
  return hosts.has(dpu.spec.nodeName) ? 0 : hosts.size;
}
