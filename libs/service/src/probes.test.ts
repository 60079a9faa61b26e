import { Server, type ListenOptions } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Counter } from 'prom-client';
import { createProbes, EVERY_ADDRESS, type Probes } from './probes.ts';

let probes: Probes;
let url: string;
beforeEach(async () => {
  probes = createProbes('test-service');
  url = await probes.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => probes.close());
const get = async (path: string) => {
  const response = await fetch(`${url}${path}`);
  return { status: response.status, body: (await response.json()) as unknown };
};

describe('/readyz and /healthz', () => {
  test('without a check both are fine', async () => {
    expect(await get('/readyz')).toEqual({ status: 200, body: { ok: true, checks: {} } });
    expect(await get('/healthz')).toEqual({ status: 200, body: { ok: true, checks: {} } });
  });

  test('a check that fails is named with its sentence, and only in its own probe', async () => {
    probes.readiness('redis', () => 'Redis does not answer');
    probes.readiness('watch', () => undefined);
    expect(await get('/readyz')).toEqual({ status: 503, body: { ok: false, checks: { redis: 'Redis does not answer', watch: 'ok' } } });
    expect((await get('/healthz')).status).toBe(200);
  });

  test('a check that throws or rejects has failed', async () => {
    probes.liveness('loop', () => Promise.reject(new Error('stuck for 60 s')));
    probes.liveness('other', () => {
      throw new Error('broken');
    });
    expect(await get('/healthz')).toEqual({ status: 503, body: { ok: false, checks: { loop: 'stuck for 60 s', other: 'broken' } } });
  });

  test('a check that does not answer has failed before kubelet loses its patience', async () => {
    probes.readiness('slow', () => new Promise(() => {}));
    expect(await get('/readyz')).toEqual({ status: 503, body: { ok: false, checks: { slow: 'did not answer within 0.9 s' } } });
  });

  test('a check is asked anew each time', async () => {
    let problem: string | undefined = 'starting';
    probes.readiness('started', () => problem);
    expect((await get('/readyz')).status).toBe(503);
    problem = undefined;
    expect((await get('/readyz')).status).toBe(200);
  });
});

test('every address is none by name, so that Node listens on IPv6 and IPv4, whichever there is', async () => {
  const asked = new Promise<ListenOptions>((resolve) => {
    // A test opens no port to the network: it only sees what would be listened on.
    jest.spyOn(Server.prototype, 'listen').mockImplementationOnce(function (this: Server, ...[options]: unknown[]) {
      resolve(options as ListenOptions);
      return this.listen(0, '127.0.0.1');
    });
  });
  const everywhere = createProbes('test-service');
  await everywhere.listen({ host: EVERY_ADDRESS, port: 0 });
  expect((await asked).host).toBe('');
  await everywhere.close();
});

test('/metrics is Prometheus text, labelled with the service', async () => {
  new Counter({ name: 'dpf_test_total', help: 'x', registers: [probes.registry] }).inc(3);
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  expect(text).toMatch(/^dpf_test_total\{service="test-service"\} 3$/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds/m);
  expect(text).toMatch(/^dpf_build_info\{version="\d+\.\d+\.\d+",service="test-service"\} 1$/m);
});
