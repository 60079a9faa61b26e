import { afterEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '@dpf/api';
import { serve, type FaultServer, type Reply, type Request } from '../test/fault-server.ts';
import { client, until, widget, type Connection } from '../test/widgets.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
async function against(handle: (request: Request, reply: Reply) => void): Promise<Connection & { server: FaultServer }> {
  const server = await serve(handle);
  const connection = client(server.url, { flushMs: 100 });
  open.push(server, connection.cluster);
  return { server, ...connection };
}
const said = (reason: string) => ({ type: 'Normal' as const, reason, message: `a message about ${reason}` });
const accept = (request: Request, reply: Reply) => reply.json(JSON.parse(request.body), 201);

describe('an event recorder', () => {
  test('sends what was recorded together as one event with its count', async () => {
    const { server, cluster } = await against(accept);
    const recorder = cluster.events('test');
    for (let i = 0; i < 5; i++) recorder.record(widget('a', 1), said('Seen'));
    await recorder.flush();
    recorder.record(widget('a', 2), said('Seen'));
    await recorder.flush();
    expect(server.requests.map((request) => [request.method, (JSON.parse(request.body) as { count: number }).count])).toEqual([
      ['POST', 5],
      ['PATCH', 6],
    ]);
  });

  test('makes the event anew when the server has dropped it', async () => {
    const { server, cluster } = await against((request, reply) =>
      request.method === 'PATCH' ? reply.refuse(404, 'NotFound') : accept(request, reply),
    );
    const recorder = cluster.events('test');
    for (let i = 0; i < 2; i++) {
      recorder.record(widget('a', 1), said('Seen'));
      await recorder.flush();
    }
    expect(server.requests.map((request) => request.method)).toEqual(['POST', 'PATCH', 'POST']);
  });

  test('cuts what is longer than the server takes', async () => {
    const { server, cluster } = await against(accept);
    const recorder = cluster.events('test');
    recorder.record(widget(`${'n'.repeat(229)}.x`, 1), { type: 'Warning', reason: 'R'.repeat(300), message: 'm'.repeat(5_000) });
    await recorder.flush();
    const sent = JSON.parse(server.requests[0]?.body ?? '') as KubeObject & { message: string; reason: string };
    expect([sent.message.length, sent.reason.length]).toEqual([1_024, 128]);
    expect(sent.metadata.name).toMatch(/^n{229}\.[0-9a-f]{16}$/);
  });

  test('holds an object that says too much back, and no other', async () => {
    const { server, cluster } = await against(accept);
    const recorder = cluster.events('test');
    for (let i = 0; i < 100; i++) recorder.record(widget('noisy', 1), said(`Reason${i}`));
    recorder.record(widget('quiet', 1), said('Seen'));
    await recorder.flush();
    expect(server.count('POST')).toBe(26);
  });

  test('never throws, reports, and goes on with the next event', async () => {
    const { server, cluster, problems } = await against((request, reply) =>
      request.nth === 1 ? reply.refuse(403, 'Forbidden') : accept(request, reply),
    );
    const recorder = cluster.events('test');
    recorder.record(widget('a', 1), said('Refused'));
    recorder.record(undefined as unknown as KubeObject, said('Broken'));
    recorder.record(widget('a', 1), said('Accepted'));
    await recorder.flush();
    expect(server.count('POST')).toBe(2);
    expect(problems.map(({ during }) => during)).toEqual(['event', 'event']);
  });

  test('holds only so many events back, and says so once until they are sent', async () => {
    const { server, cluster, problems } = await against(accept);
    const recorder = cluster.events('test');
    const burst = () => {
      for (let i = 0; i < 1_010; i++) recorder.record(widget(`w-${i}`, 1), said('Seen'));
    };
    burst();
    expect(problems.map(({ error }) => error.message)).toEqual([expect.stringContaining('1000 events wait to be sent')]);
    await recorder.flush();
    expect(server.count('POST')).toBe(1_000);
    burst();
    expect(problems).toHaveLength(2);
  });

  test('does not keep a cluster from being closed', async () => {
    const { server, cluster } = await against(() => undefined);
    cluster.events('test').record(widget('a', 1), said('Seen'));
    await until(() => server.count('POST') === 1);
    const began = performance.now();
    await cluster.close();
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
