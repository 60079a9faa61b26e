/** How far a DPU is on its way to Ready, in percent. */
import type { DpuOperation, DpuStatus, Phase } from '@dpf/api';
import type { Stay } from './outcome.ts';

/** Where each phase begins. The installation takes nearly all of the time. */
const BEGINS = {
  Initializing: 0,
  Pending: 2,
  NodeEffect: 5,
  OSInstalling: 6,
  Rebooting: 80,
  HostNetworkConfiguration: 90,
  DPUClusterConfig: 94,
  Ready: 100,
} as const satisfies Partial<Record<Phase, number>>;

/** Undefined where there is no way to Ready (Error, Deleting). */
export function progressOf(phase: Phase, operation: DpuOperation | undefined, stay: Stay): DpuStatus['progress'] {
  if (phase === 'Error' || phase === 'Deleting') return undefined;
  const running = operation && operation.state !== 'Succeeded' && operation.state !== 'Failed' ? operation : undefined;
  const share = phase === 'OSInstalling' ? (BEGINS.Rebooting - BEGINS.OSInstalling) * ((running?.percent ?? 0) / 100) : 0;
  const message = stay.met ? 'provisioned' : (running?.message ?? `waiting for ${stay.message}`);
  return { percent: Math.floor(BEGINS[phase] + share), message: message.slice(0, 1_024) };
}
