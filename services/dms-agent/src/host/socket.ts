/**
 * The host behind a unix socket: newline-delimited JSON. Request `{id, op, path, data?}`, answer `{id, ok: true, data?}` or `{id, errno}`.
 * `data` of read, write and boot-write is base64; of list an array of names; of stat `{type}`; of readlink the target; boot-write answers the bytes taken.
 * The boot stream is a connection of its own (boot-open, boot-write…, boot-close); ending the connection closes the boot file as the kernel would.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { errnoOf, hostError, type BootStream, type HostPort, type HostStat } from './port.ts';

type Operation = 'read' | 'write' | 'list' | 'stat' | 'readlink' | 'boot-open' | 'boot-write' | 'boot-close';
interface Answer {
  id: number;
  ok?: true;
  errno?: string;
  data?: unknown;
}

const LIMIT_MS = 30_000;

export function socketHost(path: string): HostPort {
  let line: Promise<Line> | undefined;
  const ask = async (op: Operation, target: string, data?: string): Promise<unknown> => {
    line ??= openLine(path, () => (line = undefined));
    const current = line;
    current.catch(() => (line = undefined));
    return (await current).ask(op, target, data, LIMIT_MS);
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return {
    read: async (target) => Buffer.from(String((await ask('read', target)) ?? ''), 'base64'),
    write: async (target, text) => void (await ask('write', target, base64(text))),
    list: async (target) => (await ask('list', target)) as string[],
    stat: (target) =>
      ask('stat', target).then(
        (found) => found as HostStat,
        (error) => {
          if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error))) return undefined;
          throw error;
        },
      ),
    readlink: async (target) => String(await ask('readlink', target)),
    replace: async (target, text) => void (await ask('write', target, base64(text))),
    openBoot: (target) => openBoot(path, target),
    close: async () => void (await line?.catch(() => undefined))?.end(),
  };
}

async function openBoot(path: string, target: string): Promise<BootStream> {
  const line = await openLine(path);
  try {
    await line.ask('boot-open', target);
  } catch (error) {
    line.end();
    throw error;
  }
  return {
    write: async (chunk) => {
      for (let at = 0; at < chunk.length;) at += Number(await line.ask('boot-write', target, chunk.subarray(at).toString('base64')));
    },
    close: async () => {
      await line.ask('boot-close', target);
      line.end();
    },
  };
}

interface Line {
  ask(op: Operation, path: string, data?: string, limitMs?: number): Promise<unknown>;
  end(): void;
}

/** One connection; questions may overlap, answers find them by id. A connection that ends fails all of them with ENODEV. */
async function openLine(path: string, onEnd?: () => void): Promise<Line> {
  const socket: Socket = connect(path);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const waiting = new Map<number, (answer: Answer) => void>();
  let lastId = 0;
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    onEnd?.();
    for (const [id, settle] of waiting) settle({ id, errno: 'ENODEV' });
    waiting.clear();
  };
  socket.on('error', end).on('close', end);
  // It repeats the errors of its input, and an error that nobody hears ends the process.
  const lines = createInterface({ input: socket }).on('error', end);
  lines.on('line', (text) => {
    const answer = JSON.parse(text) as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  return {
    ask: (op, target, data, limitMs) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        const fail = (errno: string) => reject(hostError(errno, `${op} ${target}`));
        if (ended) return fail('ENODEV');
        const timer = limitMs ? setTimeout(() => waiting.delete(id) && fail('ETIMEDOUT'), limitMs) : undefined;
        waiting.set(id, (answer) => {
          clearTimeout(timer);
          if (answer.errno) fail(answer.errno);
          else resolve(answer.data);
        });
        socket.write(`${JSON.stringify({ id, op, path: target, data })}\n`);
      }),
    end: () => socket.end(),
  };
}
