import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import {
  agentAclRules,
  connectRedis,
  createOperationReceiver,
  createOperationSender,
  serviceAclRules,
  type NodeReceiver,
  type OperationSender,
  type RedisHandle,
} from '../src/index.ts';
import { startRedis, type RedisProcess } from './redis-server.ts';
import { until } from './until.ts';

let server: RedisProcess;
let redis: RedisHandle;
let sender: OperationSender;
let receivers: NodeReceiver[] = [];
const errors: Error[] = [];
const onError = (error: Error) => void errors.push(error);

beforeAll(async () => {
  server = await startRedis({
    users: [
      { name: 'dpu-controller', password: 'p', rules: serviceAclRules('dpf') },
      { name: 'dms-agent', password: 'p', rules: agentAclRules('dpf') },
    ],
  });
});
afterAll(() => server.close());
beforeEach(async () => {
  await server.flush();
  redis = connectRedis({ url: server.urlFor('dpu-controller', 'p') }, { onError: () => {} });
  await redis.preflight();
  sender = createOperationSender(redis, { onError });
  errors.length = 0;
});
afterEach(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  receivers = [];
  await sender.close();
  await redis.close();
});

/** An agent whose operations run until they are told to end. */
async function agent(node = 'worker-1') {
  const receiver = createOperationReceiver({ url: server.urlFor('dms-agent', 'p') }, node, { onError });
  receivers.push(receiver);
  const started: string[] = [];
  const mirrors: ((percent: number, message: string) => void)[] = [];
  const signals: AbortSignal[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  let active: string[] = [];
  await receiver.receive(async (id, mirror, signal) => {
    expect(active).not.toContain(id);
    active.push(id);
    started.push(id);
    mirrors.push(mirror);
    signals.push(signal);
    const end = Promise.withResolvers<string>();
    ends.set(id, end);
    signal.addEventListener('abort', () => end.resolve('aborted'));
    return end.promise.finally(() => (active = active.filter((other) => other !== id)));
  });
  return {
    receiver,
    started,
    signals,
    mirrors,
    end: (id: string, result = 'done') => ends.get(id)!.resolve(result),
    fail: (id: string) => ends.get(id)!.reject(new Error('failed on purpose')),
  };
}
const job = (id: string, node = 'worker-1') => server.admin.hgetall(`dpf:dms-${node}:${id}`);
const gone = (id: string) =>
  until(`${id} left nothing`, async () => Object.keys(await job(id)).length === 0 && (await server.leftovers('dpf')).length === 0);

describe('delivery', () => {
  test('an operation id is delivered, and several run at once', async () => {
    const { started } = await agent();
    for (const id of ['install.u1.1', 'install.u2.1', 'reset.worker-1.3']) await sender.submit('worker-1', id);
    await until('all run', () => started.length === 3);
    expect(started).toEqual(['install.u1.1', 'install.u2.1', 'reset.worker-1.3']);
  });

  test('each node has its own', async () => {
    const one = await agent('worker-1');
    const two = await agent('worker-2');
    await sender.submit('worker-2', 'preflight.u1.1');
    await until('it runs', () => two.started.length === 1);
    expect(one.started).toEqual([]);
  });

  test('submitted again while it runs, it does not run twice; job-forgotten: once it ended it can be submitted again', async () => {
    const { started, end } = await agent();
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs', () => started.length === 1);
    await sender.submit('worker-1', 'install.u1.1');
    end('install.u1.1');
    await gone('install.u1.1');
    expect(started).toHaveLength(1);
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs again', () => started.length === 2);
  });

  test('job-forgotten: one that failed leaves nothing either', async () => {
    const { started, fail } = await agent();
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs', () => started.length === 1);
    fail('install.u1.1');
    await gone('install.u1.1');
    expect(errors.map((error) => error.message)).toEqual(['failed on purpose']);
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs again', () => started.length === 2);
  });

  test('a job that was not taken yet can be withdrawn, one that runs cannot', async () => {
    await sender.submit('worker-9', 'install.u1.1');
    await sender.withdraw('worker-9', 'install.u1.1');
    await gone('install.u1.1');
    const { started, end } = await agent();
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs', () => started.length === 1);
    await sender.withdraw('worker-1', 'install.u1.1');
    expect(await job('install.u1.1')).toMatchObject({ name: 'operation' });
    end('install.u1.1');
    await gone('install.u1.1');
  });

  test('a node that is gone leaves no key', async () => {
    await sender.submit('worker-9', 'install.u1.1');
    await sender.forget('worker-9');
    expect(await server.admin.keys('dpf:dms-worker-9:*')).toEqual([]);
  });

  test('progress and nothing secret is seen on the job', async () => {
    const { started, mirrors, end } = await agent();
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs', () => started.length === 1);
    for (let percent = 0; percent <= 50; percent++) mirrors[0]!(percent, 'pushing');
    await until('it is shown', async () => (await job('install.u1.1')).progress !== undefined);
    expect(JSON.parse((await job('install.u1.1')).progress!)).toEqual({ percent: 0, message: 'pushing' });
    await until('the latest is shown', async () => JSON.parse((await job('install.u1.1')).progress!).percent === 50);
    expect(JSON.parse((await job('install.u1.1')).data!)).toEqual({});
    end('install.u1.1');
    await gone('install.u1.1');
  });
});

describe('an agent that starts', () => {
  test('drops what waited for its predecessor and what that one had taken, locks included', async () => {
    const { Worker } = await import('bullmq');
    const { Redis } = await import('ioredis');
    const connection = new Redis(server.url, { maxRetriesPerRequest: null });
    const taken = Promise.withResolvers<void>();
    const predecessor = new Worker('dms-worker-1', () => (taken.resolve(), new Promise<void>(() => {})), {
      connection,
      prefix: 'dpf',
      lockDuration: 600_000,
    });
    await sender.submit('worker-1', 'install.u1.1');
    await taken.promise;
    await sender.submit('worker-1', 'install.u2.1');
    connection.disconnect();
    await predecessor.close(true);
    const { started } = await agent();
    await sender.submit('worker-1', 'install.u1.1');
    await until('only what was submitted since runs', () => started.length === 1);
    expect(started).toEqual(['install.u1.1']);
    expect(await server.admin.llen('dpf:dms-worker-1:wait')).toBe(0);
  });

  test('that stops aborts what it runs', async () => {
    const { receiver, started, signals } = await agent();
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs', () => started.length === 1);
    await receiver.close();
    expect(signals[0]!.aborted).toBe(true);
  });
});

describe('Redis fails in the middle of an operation', () => {
  test.each([
    ['FLUSHALL', () => server.flush()],
    ['a restart', () => server.restart()],
  ])('%s: the operation goes on, the same id submitted again joins it and does not run twice', async (_, disturb) => {
    const { started, signals, end } = await agent();
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs', () => started.length === 1);
    await disturb();
    await sender.submit('worker-1', 'install.u1.1');
    await sender.submit('worker-1', 'install.u2.1');
    await until('another operation runs', () => started.includes('install.u2.1'));
    expect(signals[0]!.aborted).toBe(false);
    end('install.u1.1');
    end('install.u2.1');
    await gone('install.u1.1');
    expect(started).toEqual(['install.u1.1', 'install.u2.1']);
    expect(errors.filter((error) => !/ECONN|closed/i.test(error.message))).toEqual([]);
  });

  test('a job whose delivery was lost with the connection is found afterwards', async () => {
    const { started, end } = await agent();
    // What Redis did when the answer to "give me a job" never arrived.
    await sender.submit('worker-1', 'preflight.u1.1');
    await until('it runs', () => started.length === 1);
    end('preflight.u1.1');
    await gone('preflight.u1.1');
    await server.admin.hset('dpf:dms-worker-1:install.u1.1', { name: 'operation', data: '{}', opts: '{}', timestamp: '1' });
    await server.admin.lpush('dpf:dms-worker-1:active', 'install.u1.1');
    await server.admin.set('dpf:dms-worker-1:install.u1.1:lock', 'lost', 'PX', 60_000);
    await server.admin.call('CLIENT', 'KILL', 'USER', 'dms-agent');
    await until('it runs', () => started.length === 2);
    end('install.u1.1');
    await gone('install.u1.1');
  });

  test('an agent that starts while Redis is away says so, and receives when it is back', async () => {
    await server.stop();
    const receiver = createOperationReceiver({ url: server.urlFor('dms-agent', 'p') }, 'worker-1', { onError: () => {} });
    receivers.push(receiver);
    const started: string[] = [];
    const receiving = receiver.receive(async (id) => (started.push(id), 'done'));
    await until('it says so', () => /does not answer/.test(receiver.problem() ?? ''));
    await server.start();
    await receiving;
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs', () => started.length === 1);
    expect(receiver.problem()).toBeUndefined();
  });
});

test('an agent whose password was changed says that only a restart helps', async () => {
  const other = await startRedis({ users: [{ name: 'dms-agent', password: 'new', rules: agentAclRules('dpf') }] });
  const receiver = createOperationReceiver({ url: other.urlFor('dms-agent', 'former') }, 'worker-1', { onError: () => {} });
  await until('it says so', () => /refuses the user or password/.test(receiver.refusal() ?? ''));
  await receiver.close();
  await other.close();
});

describe('cost and rights', () => {
  test('an idle agent holds two connections', async () => {
    await agent();
    const connections = async () =>
      ((await server.admin.client('LIST')) as string).split('\n').filter((line) => line.includes('user=dms-agent')).length;
    await until('those of the agents before are closed', async () => (await connections()) === 2);
    await pause(100);
    expect(await connections()).toBe(2);
  });

  test('the agents reach their own queues only', async () => {
    const may = (...command: string[]) => server.admin.call('ACL', 'DRYRUN', 'dms-agent', ...command);
    expect(await may('HGETALL', 'dpf:dms-worker-1:meta')).toBe('OK');
    for (const key of ['dpf:epoch', 'dpf:dpu:meta', 'dpf:dpu:versions', 'other:dms-worker-1:meta'])
      expect(await may('HGETALL', key)).toMatch(/no permissions to access/);
    for (const command of [
      'INFO',
      'FLUSHALL',
      'MONITOR',
      'CONFIG|GET|x',
      'KEYS|*',
      'SCAN|0',
      'CLIENT|LIST',
      'ACL|LIST',
      'PUBLISH|a|b',
      'SCRIPT|FLUSH',
    ])
      expect(await may(...command.split('|'))).toMatch(/no permissions to run/);
  });

  test('no permission was missing', async () => {
    const one = await agent();
    await sender.submit('worker-1', 'install.u1.1');
    await until('it runs', () => one.started.length === 1);
    one.end('install.u1.1');
    await gone('install.u1.1');
    expect(await server.admin.call('ACL', 'LOG')).toEqual([]);
  });

  test('a hostile job without sense reaches the handler as an id, nothing more', async () => {
    const { started } = await agent();
    const { Redis } = await import('ioredis');
    const connection = new Redis(server.url, { maxRetriesPerRequest: null });
    const hostile = new Queue('dms-worker-1', { connection, prefix: 'dpf' });
    await hostile.add('rm -rf /', { command: 'x' }, { jobId: '../../etc/passwd' });
    await until('it arrived', () => started.length === 1);
    expect(started).toEqual(['../../etc/passwd']);
    await hostile.close();
    connection.disconnect();
  });
});
