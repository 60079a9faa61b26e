import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { RedisUnfit, connectRedis, createWorkQueue, serviceAclRules, type RedisHandle, type RedisSettings } from '../src/index.ts';
import { startRedis, type RedisProcess, type RedisStart } from './redis-server.ts';
import { until } from './until.ts';

let undo: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  undo = [];
});

async function redisServer(start: RedisStart = {}): Promise<RedisProcess> {
  const server = await startRedis(start);
  undo.push(() => server.close());
  return server;
}
function connect(settings: RedisSettings): RedisHandle & { errors: Error[] } {
  const errors: Error[] = [];
  const redis = connectRedis(settings, { onError: (error) => errors.push(error) });
  undo.push(() => redis.close());
  return Object.assign(redis, { errors });
}

describe('preflight', () => {
  test('passes on a fit server, and leaves the epoch', async () => {
    const server = await redisServer();
    const redis = connect({ url: server.url, prefix: 'mine' });
    expect(redis.problem()).toMatch(/was not reached yet/);
    await redis.preflight();
    expect(redis.problem()).toBeUndefined();
    expect(await server.admin.get('mine:epoch')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('keeps an epoch that stands there', async () => {
    const server = await redisServer();
    await server.admin.set('dpf:epoch', 'before');
    await connect({ url: server.url }).preflight();
    expect(await server.admin.get('dpf:epoch')).toBe('before');
  });

  test('refuses a server that may evict work', async () => {
    const server = await redisServer({ config: ['maxmemory 100mb', 'maxmemory-policy allkeys-lru'] });
    const redis = connect({ url: server.url });
    await expect(redis.preflight()).rejects.toThrow(RedisUnfit);
    expect(redis.problem()).toMatch(/set maxmemory-policy to noeviction/);
  });

  test('refuses a wrong password, without saying it', async () => {
    const server = await redisServer({ users: [] });
    const redis = connect({ url: server.urlFor('service', 'sesame') });
    await expect(redis.preflight()).rejects.toThrow(/refuses the user or password of REDIS_URL/);
    expect(redis.problem()).not.toMatch(/sesame/);
  });

  test('a password that is changed later is a matter of liveness: only a restart reads the new one', async () => {
    const rules = serviceAclRules('dpf');
    const server = await redisServer({ users: [{ name: 'service', password: 'p', rules }] });
    const redis = connect({ url: server.urlFor('service', 'p') });
    await redis.preflight();
    expect(redis.refusal()).toBeUndefined();
    const change = async (password: string) => {
      await server.admin.call('ACL', 'SETUSER', 'service', 'resetpass', `>${password}`);
      await server.admin.call('CLIENT', 'KILL', 'USER', 'service');
    };
    await change('another');
    await until('it is said', () => /refuses the user or password/.test(redis.refusal() ?? ''));
    await change('p');
    await until('it is over', () => redis.refusal() === undefined && redis.problem() === undefined);
  });

  test('refuses a user without the permissions', async () => {
    const server = await redisServer({ users: [{ name: 'service', password: 'p', rules: '~dpf:* +info' }] });
    await expect(connect({ url: server.urlFor('service', 'p') }).preflight()).rejects.toThrow(/lacks a permission .*'set'.*ACL rules/);
  });

  test('needs no CONFIG: the documented rules are enough', async () => {
    const server = await redisServer({ users: [{ name: 'service', password: 'p', rules: serviceAclRules('dpf') }] });
    await connect({ url: server.urlFor('service', 'p') }).preflight();
    expect(await server.admin.call('ACL', 'LOG')).toEqual([]);
  });

  test('waits for a server that is away, says so, and goes on when it is there', async () => {
    const server = await redisServer();
    await server.stop();
    const redis = connect({ url: server.url });
    await until('it says so', () => /does not answer \(ECONNREFUSED\)/.test(redis.problem() ?? ''));
    await server.start();
    await redis.preflight();
    expect(redis.problem()).toBeUndefined();
  });

  test('closing while Redis is away ends at once', async () => {
    const server = await redisServer();
    await server.stop();
    const redis = connect({ url: server.url });
    await until('it was tried', () => redis.errors.length > 0);
    const queue = createWorkQueue(redis, 'q', { onEvent: () => {}, closeMs: 100 });
    queue.work(async () => {}, { everyKey: () => [] });
    await queue.close();
    await redis.close();
    await expect(redis.preflight()).rejects.toThrow(/closed/);
  }, 10_000);
});

describe('TLS', () => {
  /** A CA and a certificate of 127.0.0.1 signed by it. */
  function certificates(): { ca: string; certPem: string; keyPem: string } {
    const dir = mkdtempSync(join(tmpdir(), 'dpf-tls-'));
    undo.push(() => rmSync(dir, { recursive: true }));
    const file = (name: string) => join(dir, name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
    openssl('req', '-x509', ...key, '-subj', '/CN=test CA', '-keyout', file('ca.key'), '-out', file('ca.crt'));
    openssl(
      ...[
        'req',
        '-x509',
        ...key,
        '-subj',
        '/CN=redis',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-addext',
        'basicConstraints=critical,CA:FALSE',
      ],
      ...['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-keyout', file('redis.key'), '-out', file('redis.crt')],
    );
    return { ca: file('ca.crt'), certPem: readFileSync(file('redis.crt'), 'utf8'), keyPem: readFileSync(file('redis.key'), 'utf8') };
  }

  test('with the CA file it connects, blocking connection included', async () => {
    const tls = certificates();
    const server = await redisServer({ tls });
    const redis = connect({ url: server.url, caFile: tls.ca });
    await redis.preflight();
    const worked = Promise.withResolvers<string>();
    const queue = createWorkQueue(redis, 'q', { onEvent: () => {} });
    undo.push(() => queue.close());
    queue.work(async ({ key }) => worked.resolve(key), { everyKey: () => [] });
    await queue.wake({ key: 'k' });
    expect(await worked.promise).toBe('k');
  });

  test('a CA that is renewed counts from the next connection on; a file that is away for a moment does no harm', async () => {
    const tls = certificates();
    const server = await redisServer({ tls });
    const caFile = join(mkdtempSync(join(tmpdir(), 'dpf-ca-')), 'ca.crt');
    undo.push(() => rmSync(dirname(caFile), { recursive: true }));
    copyFileSync(certificates().ca, caFile);
    const redis = connect({ url: server.url, caFile });
    await until('it is not trusted', () => /is not trusted/.test(redis.problem() ?? ''));
    rmSync(caFile);
    const failures = redis.errors.length;
    await until('it tries again', () => redis.errors.length > failures + 1);
    copyFileSync(tls.ca, caFile);
    await until('it is trusted', () => redis.problem() === undefined);
  });

  test('without it, it is said what to set', async () => {
    const server = await redisServer({ tls: certificates() });
    await expect(connect({ url: server.url }).preflight()).rejects.toThrow(/is not trusted .*REDIS_CA_FILE/);
  });
});
