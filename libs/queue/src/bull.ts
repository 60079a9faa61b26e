/** How we use BullMQ. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** Entries of a queue's events stream: it serves dashboards only. BullMQ keeps 10 000 unless told otherwise. */
const EVENTS_KEPT = 100;

/** A queue, for producing. */
export function openQueue(redis: { client: Redis; prefix: string }, name: string, onError: (error: Error) => void): Queue {
  const queue = new Queue(name, {
    connection: redis.client,
    prefix: redis.prefix,
    skipVersionCheck: true,
    skipMetasUpdate: true,
  });
  queue.on('error', (error) => {
    if (!isGone(error)) onError(error);
  });
  return queue;
}

/** Tells BullMQ's scripts how many events to keep; an erased queue has forgotten it. */
export async function limitEvents(client: Redis, queue: Queue): Promise<void> {
  await client.hset(queue.toKey('meta'), 'opts.maxLenEvents', EVENTS_KEPT);
}

/** BullMQ's complaint that a job which ended is not in Redis any more: expected after a lock was lost or Redis erased, when its key or id was queued again. */
export function isGone(error: Error): boolean {
  return /Missing key for job|Missing lock for job|Lock mismatch for job|could not renew lock for job|is not in the active state/.test(
    error.message,
  );
}
