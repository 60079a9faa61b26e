/** A replica for the contract suite: works a queue and asks the referee in the parent process before and after each key. */
import { setTimeout as pause } from 'node:timers/promises';
import { connectRedis, createWorkQueue, type WorkQueueOptions } from '../src/index.ts';
import type { Ask, ReplicaSettings, Told } from './replicas.ts';

const settings = JSON.parse(process.argv[2] ?? '') as ReplicaSettings;
const tell = (message: Told) => process.send!(message);
let asks = 0;
const answers = new Map<number, () => void>();
/** Tells the referee and waits until it has heard it. */
const ask = (message: Omit<Ask, 'ask'>) =>
  new Promise<void>((resolve) => {
    answers.set(++asks, resolve);
    tell({ ...message, ask: asks });
  });
let keys: string[] = [];
process.on('message', (message: { answer: number } | { everyKey: string[] } | { close: true }) => {
  if ('answer' in message) {
    answers.get(message.answer)?.();
    answers.delete(message.answer);
  } else if ('everyKey' in message) keys = message.everyKey;
  else void queue.close().then(() => process.exit(0));
});

const redis = connectRedis({ url: settings.url }, { onError: () => {} });
const options: WorkQueueOptions = {
  ...settings.options,
  onEvent: (event) => tell({ event: { ...event, key: 'key' in event ? event.key : '' } }),
};
const queue = createWorkQueue(redis, settings.queue, options);
queue.work(
  async ({ key, resourceVersion, signal }) => {
    signal.addEventListener('abort', () => tell({ aborted: key }));
    await ask({ start: key, ...(resourceVersion !== undefined && { resourceVersion }) });
    if (key.startsWith('slow/')) await pause(400);
    else await pause(Math.random() * settings.workMs);
    await ask({ end: key, ok: !signal.aborted });
    if (key.startsWith('fails/')) throw new Error('as its name says');
    if (key.startsWith('again/')) return { requeueAfterMs: 100 };
    return undefined;
  },
  { concurrency: 4, everyKey: () => keys, ...(settings.timeoutMs !== undefined && { timeoutMs: settings.timeoutMs }) },
);
await redis.preflight();
tell({ ready: true });
