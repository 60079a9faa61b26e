/** Rebooting: the host is reset once for all its DPUs, and left by a boot after the install's end only. */
import { DPU_ANNOTATIONS } from '@dpf/api';
import { at, attemptOf, isHeld } from '../facts.ts';
import { isQuiet } from '../../host/reset.ts';
import type { Observed, Sibling } from '../observed.ts';
import type { Effect, Outcome, Stay } from '../outcome.ts';

export function rebooting(o: Observed): Outcome {
  const { host, dpu } = o;
  if (host === 'absent') return { kind: 'stay', reason: 'NodeNotFound', message: `Node ${dpu.spec.nodeName} to exist` };
  // Came with the report that ended the install; "another boot" means a greater one.
  const bootToLeave = dpu.status?.operation?.bootToLeave;
  if (bootToLeave === undefined)
    return { kind: 'stay', reason: 'BootUnknown', message: `the number of the boot that host ${host.name} has to leave`, stalled: true };
  if (host.agent && host.agent.boot > bootToLeave)
    return {
      kind: 'advance',
      to: 'HostNetworkConfiguration',
      reason: 'Rebooted',
      message: `host ${host.name} is in boot ${host.agent.boot}`,
    };

  const cycles = dpu.metadata.annotations?.[DPU_ANNOTATIONS.hostPowerCycleRequired] === 'true';
  // A reset that is claimed may still land: it is waited for, and asked for until the agent says that it gave it up.
  if (!host.reset && (cycles ? host.powercycleCommand : host.rebootCommand) === 'skip')
    return {
      kind: 'advance',
      to: 'HostNetworkConfiguration',
      reason: 'RebootSkipped',
      message: `as the annotation of Node ${host.name} says`,
    };
  if (!host.reset && dpu.spec.automaticNodeReboot === false)
    return {
      kind: 'stay',
      reason: 'WaitingForManualPowerCycleOrReboot',
      message: `host ${host.name} to be power-cycled or rebooted by hand`,
      recheckMs: RECHECK_MS,
    };

  const wait = (effects: Effect[], more: Partial<Stay> = {}): Stay => ({
    kind: 'stay',
    reason: 'WaitingForHostReset',
    message: `the agent of host ${host.name} to reset it and to announce the next boot`,
    effects,
    recheckMs: RECHECK_MS,
    ...more,
  });
  if (!isHeld(o, host)) return wait([{ do: 'hold', attempt: attemptOf(o).number }]);
  const pause = Math.max(at(dpu.status?.attempt?.nextRetryTime) ?? 0, ...o.siblings.map(({ nextRetryAt }) => nextRetryAt ?? 0)) - o.now;
  if (pause > 0)
    return wait([], {
      reason: 'ResetFailed',
      message: `the next reset of host ${host.name}, after: ${dpu.status?.lastError?.message ?? 'a reset failed'}`,
      recheckMs: pause,
      stalled: true,
    });
  const isPatient = o.now - (at(dpu.status?.phaseSince) ?? o.now) < LINE_MS;
  const isAwaited = (sibling: Sibling) => !isQuiet(sibling) || (isPatient && sibling.inLine === true);
  const blocking = host.reset ? undefined : firstOf(o.siblings.filter(isAwaited).map(({ name }) => name));
  if (blocking !== undefined)
    return wait([], { message: `the installation of Dpu ${blocking} to end, so that host ${host.name} can be reset` });
  return wait(host.agent?.boot === bootToLeave ? [{ do: 'submitReset', boot: bootToLeave }] : [], { resetDue: true });
}

/** By name, whatever the order of the store: what is waited for is not to change from one look to the next. */
const firstOf = (names: string[]): string | undefined => names.sort()[0];

const RECHECK_MS = 60_000;
/** So long a reset waits for DPUs of the host that stand in line for an installation, to share it with them. The place may be taken by one that hangs. */
const LINE_MS = 30 * 60_000;
