/** The agent's side of the push child. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { exitName, type PushExit, type PushOrder, type PushProgress } from './outcome.ts';

export interface Push {
  /** Bytes of the image that the card took; undefined until the boot file is open. */
  readonly bytes: number | undefined;
  /** Set when the child is gone. */
  readonly ended: { exit: PushExit; words: string } | undefined;
  /** Resolves when the child is gone; never rejects. */
  readonly done: Promise<void>;
  /** Ends the child; a write that the kernel holds may keep it for a while. Resolves when it is gone. */
  kill(): Promise<void>;
}

/** In the sources a file beside this one; in the bundle, where this stands in main.mjs, one in a folder below. */
const PROGRAM = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './push/main.mjs', import.meta.url));

/** Starts the child. @param lockFd the open file that bears the card's lock: the child keeps it open. */
export function startPush(order: PushOrder, config: Buffer, lockFd: number): Push {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'pipe', lockFd],
    env: {},
  }) as ChildProcessByStdio<Writable, Readable, Readable>;
  let bytes: number | undefined;
  let ended: { exit: PushExit; words: string } | undefined;
  let words = '';
  child.stdin.on('error', () => undefined);
  child.stdin.write(config);
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString('utf8')).slice(-2000)));
  createInterface({ input: child.stdout }).on('line', (line) => (bytes = (JSON.parse(line) as PushProgress).bytes));
  const done = new Promise<void>((resolve) => {
    const end = (exit: PushExit) => {
      ended ??= { exit, words: words.trim().split('\n').at(-1) ?? '' };
      resolve();
    };
    child.once('error', (error) => {
      words = error.message;
      end('unknown');
    });
    child.once('close', (code) => end(exitName(code)));
  });
  return {
    get bytes() {
      return bytes;
    },
    get ended() {
      return ended;
    },
    done,
    kill: async () => {
      child.kill('SIGKILL');
      await done;
    },
  };
}
