/** The queue: wake-ups for controllers, operation ids for agents (architecture §2). */
export * from './ports.ts';
export { agentAclRules, serviceAclRules } from './acl.ts';
export type { Backoff } from './backoff.ts';
export { connectRedis, type ConnectOptions, type RedisHandle } from './connection.ts';
export type { OnEvent, QueueEvent } from './events.ts';
export { createOperationReceiver, type NodeReceiver, type ReceiverOptions } from './operation-receiver.ts';
export { createOperationSender } from './operation-sender.ts';
export { RedisUnfit } from './preflight.ts';
export { createWakeUpSender } from './wake-up-sender.ts';
export { createWorkQueue, type WorkQueueOptions } from './work-queue.ts';
