/** Metrics of dpu-controller beyond those of every controller. */
import { PHASES, type Dpu } from '@dpf/api';
import { Gauge, Histogram, type Registry } from 'prom-client';

export function createMetrics(
  registry: Registry,
  dpus: () => Dpu[],
): { agentRequest(request: { call: string; status: number; seconds: number }): void } {
  new Gauge({
    name: 'dpf_dpus',
    help: 'Dpus by phase.',
    labelNames: ['phase'],
    registers: [registry],
    collect() {
      const counts = new Map<string, number>(PHASES.map((phase) => [phase, 0]));
      for (const { status } of dpus()) counts.set(status?.phase ?? 'Initializing', (counts.get(status?.phase ?? 'Initializing') ?? 0) + 1);
      for (const [phase, count] of counts) this.set({ phase }, count);
    },
  });
  const requests = new Histogram({
    name: 'dpf_agent_request_seconds',
    help: 'Requests of agents, by call and HTTP status.',
    labelNames: ['call', 'status'],
    buckets: [0.01, 0.05, 0.2, 1, 5],
    registers: [registry],
  });
  return { agentRequest: ({ call, status, seconds }) => requests.observe({ call, status }, seconds) };
}
