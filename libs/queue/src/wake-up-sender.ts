import type { RedisHandle } from './connection.ts';
import { Outbox, queueKeys, within } from './outbox.ts';
import type { WakeUpSender } from './ports.ts';
import { openQueue } from './bull.ts';

/**
 * Gives wake-ups to another service's queue. While Redis is away they wait in memory, one per key.
 * @param name of that queue
 */
export function createWakeUpSender(redis: RedisHandle, name: string, options: { onError: (error: Error) => void }): WakeUpSender {
  const queue = openQueue(redis, name, options.onError);
  const outbox = new Outbox(redis.client, queue, queueKeys(redis.prefix, name), options.onError);
  return {
    wake: (wakeUp) => outbox.wake(wakeUp),
    close: async () => {
      await outbox.close(2_000);
      await within(queue.close(), 2_000);
    },
  };
}
