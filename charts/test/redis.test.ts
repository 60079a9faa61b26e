/** The configuration of Redis as the chart renders it, given to a real redis-server. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { find, objects, podOf, type Rendered } from './helm.ts';

let folder: string;
let port: number;
let server: ChildProcess;
let all: Rendered[];
const passwordOf = (user: string) =>
  (find(all, 'Secret', `dpf-provisioning-redis-${user}`)['stringData'] as Record<string, string>)['password'] ?? '';

/** What Redis answers to a command of a user; the server's certificate is verified. */
const ask = (user: string, password: string, ...command: string[]) => {
  const args = [
    '--tls',
    '--cacert',
    join(folder, 'ca.crt'),
    '-p',
    String(port),
    '--user',
    user,
    '--pass',
    password,
    '--no-auth-warning',
    ...command,
  ];
  return new Promise<string>((resolve) => execFile('redis-cli', args, (_error, stdout, stderr) => resolve((stdout + stderr).trim())));
};

beforeAll(async () => {
  all = await objects({});
  folder = mkdtempSync(join(tmpdir(), 'dpf-chart-redis-'));
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  ({ port } = listener.address() as AddressInfo);
  listener.close();
  await once(listener, 'close');

  const text = (kind: string, name: string, field: string) => find(all, kind, name)[field] as Record<string, string>;
  const files: Record<string, string> = {
    'redis.conf': text('ConfigMap', 'dpf-provisioning-redis', 'data')['redis.conf'] ?? '',
    'users.acl': text('Secret', 'dpf-provisioning-redis-acl', 'stringData')['users.acl'] ?? '',
  };
  const decode = (name: string, key: string) => Buffer.from(text('Secret', name, 'data')[key] ?? '', 'base64').toString();
  const config = (files['redis.conf'] ?? '')
    .replaceAll('/etc/dpf/redis/acl/', `${folder}/`)
    .replaceAll('/etc/dpf/redis/tls/', `${folder}/`)
    .replace('dir /data', `dir ${folder}`)
    .replace('tls-port 6379', `tls-port ${port}\nbind 127.0.0.1`);
  writeFileSync(join(folder, 'redis.conf'), config);
  writeFileSync(join(folder, 'users.acl'), files['users.acl'] ?? '');
  for (const key of ['tls.crt', 'tls.key']) writeFileSync(join(folder, key), decode('dpf-provisioning-redis-tls', key), { mode: 0o600 });
  writeFileSync(join(folder, 'ca.crt'), decode('dpf-provisioning-trust', 'ca.crt'));
  server = spawn('redis-server', [join(folder, 'redis.conf')], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    server.stdout?.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.includes('Ready to accept connections')) resolve();
    });
    server.once('exit', () => reject(new Error(output)));
  });
});
afterAll(async () => {
  if (server?.exitCode === null) {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
  if (folder) rmSync(folder, { recursive: true, force: true });
});

describe('Redis as the chart runs it', () => {
  test('keeps what is written, evicts nothing, and is bounded below its container’s memory', async () => {
    const info = await ask('dpu-controller', passwordOf('dpu-controller'), 'info');
    expect(info).toMatch(/maxmemory_policy:noeviction/);
    expect(info).toMatch(/aof_enabled:1/);
    expect(info).toMatch(new RegExp(`maxmemory:${384 * 1024 * 1024}\\b`));
    expect(info).toMatch(/maxclients:\d+/);
  });
  test('answers the readiness probe’s command', async () => {
    const { containers } = podOf(find(all, 'StatefulSet', 'dpf-provisioning-redis')) ?? { containers: [] };
    const probe = (containers[0]?.['readinessProbe'] as { exec: { command: string[] } }).exec.command;
    const [tool, ...args] = probe.map((word) => word.replace('/etc/dpf/redis/tls/', `${folder}/`));
    const answer = await new Promise((resolve) =>
      execFile(tool ?? '', ['-p', String(port), ...args], (_error, stdout) => resolve(stdout.trim())),
    );
    expect(answer).toBe('PONG');
  });
  test.each<[string, string[], RegExp]>([
    ['dpu-controller', ['set', 'dpf:epoch', '1'], /^OK$/],
    ['dpuset-controller', ['hset', 'dpf:dpu:meta', 'a', 'b'], /^1$/],
    ['bfb-downloader', ['get', 'other:key'], /NOPERM/],
    ['dms-agent', ['set', 'dpf:dms-worker-1:meta', '1'], /^OK$/],
    ['dms-agent', ['get', 'dpf:epoch'], /NOPERM/],
    ['dms-agent', ['keys', '*'], /NOPERM/],
    ['dpu-controller', ['flushall'], /NOPERM/],
    ['dpu-controller', ['config', 'get', '*'], /NOPERM/],
    ['probe', ['get', 'dpf:epoch'], /NOPERM/],
    ['default', ['ping'], /WRONGPASS|NOAUTH/],
  ])('%s: %j', async (user, command, answer) => {
    const password = ['probe', 'default'].includes(user) ? 'probe' : passwordOf(user);
    expect(await ask(user, password, ...command)).toMatch(answer);
  });
  test('lets nobody in with a wrong password', async () => {
    expect(await ask('dpu-controller', 'wrong', 'ping')).toMatch(/WRONGPASS/);
  });
});
