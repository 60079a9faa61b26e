import { agentQueue } from '@dpf/api';
import type { Queue } from 'bullmq';
import type { RedisHandle } from './connection.ts';
import { within } from './outbox.ts';
import type { OperationSender } from './ports.ts';
import { limitEvents, openQueue } from './bull.ts';

/** dpu-controller's end of the delivery of operations: a queue per node, opened when it is first needed. */
export function createOperationSender(redis: RedisHandle, options: { onError: (error: Error) => void }): OperationSender {
  const queues = new Map<string, Queue>();
  const open = (node: string): Queue => {
    let queue = queues.get(node);
    if (!queue) queues.set(node, (queue = openQueue(redis, agentQueue(node), options.onError)));
    return queue;
  };
  const leave = async (node: string): Promise<void> => {
    await queues.get(node)?.close();
    queues.delete(node);
  };
  return {
    submit: async (node, operationId) => {
      const queue = open(node);
      // Redis may have been erased, or the agent have dropped its queue, since it was opened.
      await limitEvents(redis.client, queue);
      // Rule job-forgotten: the id is the job's, and a job that ended, however, leaves nothing that would keep the same id from being submitted again.
      await queue.add('operation', {}, { jobId: operationId, removeOnComplete: true, removeOnFail: true });
    },
    withdraw: async (node, operationId) => {
      // A job that an agent has taken is locked, and stays.
      await open(node).remove(operationId);
    },
    forget: async (node) => {
      await open(node).obliterate({ force: true });
      await leave(node);
    },
    close: async () => {
      await Promise.all([...queues.keys()].map((node) => within(leave(node), 2_000)));
    },
  };
}
