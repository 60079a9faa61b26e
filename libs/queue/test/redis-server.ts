/** A real redis-server for tests, the demo and the end-to-end stories: on a free port of the loopback, gone with `close`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

export { seeded } from './random.ts';

export interface RedisStart {
  /** PEM texts. With them the server speaks TLS only. */
  tls?: { certPem: string; keyPem: string };
  /** Users beside our own; without any, everybody may do everything. `rules` as for `ACL SETUSER`. */
  users?: { name: string; password: string; rules: string }[];
  /** Lines of redis.conf. */
  config?: string[];
}

export interface RedisProcess {
  readonly port: number;
  /** Who may do everything. */
  readonly url: string;
  urlFor(user: string, password: string): string;
  /** A connection that may do everything; it comes back after a restart. */
  readonly admin: Redis;
  flush(): Promise<void>;
  /** Ends the server as an operator would; nothing is kept. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Stops answering (SIGSTOP) until `resume`. */
  pause(): void;
  resume(): void;
  /** Keys that belong to no queue's standing equipment: what work left behind. */
  leftovers(prefix: string): Promise<string[]>;
  close(): Promise<void>;
}

/** What BullMQ keeps of a queue that has nothing to do, and the epoch. */
const STANDING = /:(meta|id|events|marker|stalled-check|epoch)$/;
const DEADLINE_MS = 5_000;

/** @throws when redis-server is not installed or does not start */
export async function startRedis(options: RedisStart = {}): Promise<RedisProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'dpf-redis-'));
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const configFile = join(dir, 'redis.conf');
  writeFileSync(configFile, configuration(dir, port, password, options), { mode: 0o600 });
  const scheme = options.tls ? 'rediss' : 'redis';
  const url = options.users ? `${scheme}://admin:${password}@127.0.0.1:${port}` : `${scheme}://127.0.0.1:${port}`;
  let server = await launch(configFile);
  const endServer = () => server.kill('SIGKILL');
  process.once('exit', endServer);
  const admin = new Redis(url, {
    ...(options.tls && { tls: { rejectUnauthorized: false } }),
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    disconnectTimeout: 100,
  });
  admin.on('error', () => {});
  await admin.ping();
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  };
  const redis: RedisProcess = {
    port,
    url,
    admin,
    urlFor: (user, secret) => `${scheme}://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@127.0.0.1:${port}`,
    flush: async () => void (await admin.flushall()),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start: async () => {
      server = await launch(configFile);
      await admin.ping();
    },
    restart: async () => {
      await redis.stop();
      await redis.start();
    },
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    leftovers: async (prefix) => (await admin.keys(`${prefix}:*`)).filter((key) => !STANDING.test(key)).sort(),
    close: async () => {
      process.off('exit', endServer);
      admin.disconnect();
      await end('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return redis;
}

function configuration(dir: string, port: number, password: string, { tls, users, config = [] }: RedisStart): string {
  const lines = ['bind 127.0.0.1', 'save ""', 'appendonly no', `dir ${dir}`, 'daemonize no', ...config];
  if (tls) {
    const [cert, key] = [join(dir, 'redis.crt'), join(dir, 'redis.key')];
    writeFileSync(cert, tls.certPem);
    writeFileSync(key, tls.keyPem, { mode: 0o600 });
    lines.push('port 0', `tls-port ${port}`, `tls-cert-file ${cert}`, `tls-key-file ${key}`, 'tls-auth-clients no');
  } else lines.push(`port ${port}`);
  if (users) {
    lines.push('user default off', `user admin on >${password} ~* &* +@all`);
    for (const user of users) lines.push(`user ${user.name} on >${user.password} ${user.rules}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Starts redis-server and waits until it accepts connections. */
async function launch(configFile: string): Promise<ChildProcess> {
  const server = spawn('redis-server', [configFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ready = new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (data: Buffer) => {
      output = (output + data.toString()).slice(-4_000);
      if (/Ready to accept connections/.test(output)) resolve();
    });
    server.once('error', (error) => reject(new Error(`redis-server cannot be started (${error.message}): install it`)));
    server.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}: ${output}`)));
  });
  const late = pause(DEADLINE_MS, undefined, { ref: false }).then(() => Promise.reject(new Error(`redis-server is not ready: ${output}`)));
  await Promise.race([ready, late]);
  return server;
}

/**
 * A free port below those that the kernel gives to outgoing connections (32768…): while the server is down, a client that tries to connect could
 * otherwise be given the very port that it looks for.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + randomInt(12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
