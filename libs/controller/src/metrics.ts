/** Metrics of a controller: requests to the API server, work of its queues. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Problem, RequestEvent } from '@dpf/kube';
import type { QueueEvent } from '@dpf/queue';

const SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10];

export interface ControllerMetrics {
  request(event: RequestEvent): void;
  problem(problem: Problem): void;
  /** @param queue name of the queue that tells it */
  queue(queue: string, event: QueueEvent): void;
  /** Shows what `lagMs` of a queue says whenever metrics are read. */
  lag(queue: string, lagMs: () => Promise<number>): void;
}

export function createMetrics(registry: Registry): ControllerMetrics {
  const registers = [registry];
  const requests = new Histogram({
    name: 'dpf_kube_request_seconds',
    help: 'Requests to Kubernetes API servers, by verb, kind and HTTP status (0: no answer).',
    labelNames: ['verb', 'kind', 'code'],
    buckets: SECONDS,
    registers,
  });
  const problems = new Counter({
    name: 'dpf_kube_problems_total',
    help: 'Failures in the background: lists, watches, handlers, events.',
    labelNames: ['during', 'kind'],
    registers,
  });
  const work = new Histogram({
    name: 'dpf_queue_work_seconds',
    help: 'Work on keys, by queue and result.',
    labelNames: ['queue', 'result'],
    buckets: SECONDS,
    registers,
  });
  const incidents = new Counter({
    name: 'dpf_queue_incidents_total',
    help: 'What went wrong around work: stuck, lockLost, recovered, erased, error.',
    labelNames: ['queue', 'type'],
    registers,
  });
  return {
    request: ({ verb, kind, code, seconds }) => requests.observe({ verb, kind, code }, seconds),
    problem: ({ during, kind }) => problems.inc({ during, kind }),
    queue(queue, event) {
      if (event.type === 'worked') work.observe({ queue, result: event.result }, event.seconds);
      else if (event.type !== 'everyKey') incidents.inc({ queue, type: event.type });
    },
    lag(queue, lagMs) {
      new Gauge({
        name: `dpf_queue_lag_seconds_${queue.replaceAll('-', '_')}`,
        help: `How late the oldest due wake-up of the queue ${queue} is.`,
        registers,
        async collect() {
          this.set((await lagMs()) / 1000);
        },
      });
    },
  };
}
