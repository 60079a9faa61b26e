/** What a queue tells about itself, for logs and metrics. */
export type QueueEvent =
  /** A handler ended. `failed`: it threw, or took too long; `interrupted`: it was stopped and the key runs again. `seconds` from take to end. */
  | { type: 'worked'; key: string; result: 'done' | 'failed' | 'interrupted'; seconds: number; error?: Error }
  /** A handler was told to stop and has not done so after the same time again: it blocks its key. */
  | { type: 'stuck'; key: string; seconds: number }
  /** The lock of a key was lost while it was worked. */
  | { type: 'lockLost'; key: string }
  /** Another worker died while it worked on a key; the key runs again. */
  | { type: 'recovered'; keys: number }
  /** Redis was found erased, and why. */
  | { type: 'erased'; reason: string }
  /** All keys were queued: at start and after an erasure. */
  | { type: 'everyKey'; keys: number; seconds: number }
  | { type: 'error'; error: Error };

export type OnEvent = (event: QueueEvent) => void;
