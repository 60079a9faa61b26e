/** What the agent counts. */
import { Counter, Histogram, type Registry } from 'prom-client';

export interface Metrics {
  operation(kind: string, result: string): void;
  pushed(bytes: number, seconds: number): void;
}

export function createMetrics(registry: Registry): Metrics {
  const operations = new Counter({
    name: 'dpf_agent_operations_total',
    help: 'Operations by kind and result',
    labelNames: ['kind', 'result'],
    registers: [registry],
  });
  const bytes = new Counter({ name: 'dpf_agent_push_bytes_total', help: 'Bytes of images pushed into cards', registers: [registry] });
  const seconds = new Histogram({
    name: 'dpf_agent_push_seconds',
    help: 'Seconds from opening the boot file to the last byte',
    buckets: [5, 15, 30, 60, 120, 240, 480, 960],
    registers: [registry],
  });
  return {
    operation: (kind, result) => operations.inc({ kind, result }),
    pushed: (count, took) => {
      bytes.inc(count);
      seconds.observe(took);
    },
  };
}
