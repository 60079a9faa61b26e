/** Metrics of the sets: what their status counts. */
import type { DpuSetStatus } from '@dpf/api';
import { Gauge, type Registry } from 'prom-client';

const COUNTS = ['desired', 'current', 'updated', 'ready', 'unavailable', 'failed'] as const;

export interface SetMetrics {
  /** `status` undefined: the set is gone. */
  show(namespace: string, name: string, status: DpuSetStatus | undefined): void;
}

export function createSetMetrics(registry: Registry): SetMetrics {
  const dpus = new Gauge({
    name: 'dpf_dpuset_dpus',
    help: 'DPUs of a DpuSet, as its status counts them.',
    labelNames: ['namespace', 'dpuset', 'count'],
    registers: [registry],
  });
  const granted = new Gauge({
    name: 'dpf_dpuset_granted_hosts',
    help: 'Hosts of a DpuSet that are granted an update now.',
    labelNames: ['namespace', 'dpuset'],
    registers: [registry],
  });
  return {
    show(namespace, dpuset, status) {
      for (const count of COUNTS) {
        if (status) dpus.set({ namespace, dpuset, count }, status[count] ?? 0);
        else dpus.remove({ namespace, dpuset, count });
      }
      if (status) granted.set({ namespace, dpuset }, status.rollout?.granted?.length ?? 0);
      else granted.remove({ namespace, dpuset });
    },
  };
}
