/** What the simulator knows, for people and tests: /state (hosts and cards as they are) and /journal (what happened to them), as JSON. */
import { createServer, type Server } from 'node:http';
import type { DpuSim } from '@dpf/dpu-sim';

export async function serveState(sim: DpuSim, port: number): Promise<Server> {
  const answers: Record<string, () => unknown> = { '/state': () => sim.hosts(), '/journal': () => sim.journal() };
  const server = createServer(({ url = '' }, response) => {
    const path = url.replace(/\?.*/s, '');
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer?.() ?? null));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, () => resolve()));
  return server;
}
