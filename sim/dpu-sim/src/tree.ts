/** The simulated file tree of a host, apart from how it is reached (FUSE or socket). Evaluated on each access: hardware comes and goes. */
import { Errno } from './errno.ts';

export interface Handle {
  /** Reads at most `size` bytes; an empty buffer is the end. */
  read?(size: number, offset: number): Buffer | Promise<Buffer>;
  /** Takes bytes and says how many; aborted: EINTR or a short count. */
  write?(data: Buffer, signal: AbortSignal): number | Promise<number>;
  close?(): void | Promise<void>;
}

export interface Dir {
  kind: 'dir';
  entries(): Record<string, TreeNode>;
}
export interface File {
  kind: 'file';
  mode: number;
  open(): Handle | Promise<Handle>;
}
export interface Link {
  kind: 'link';
  target: string;
}
/** A plain directory of the machine that runs the simulator: FUSE shows it as a link, the socket reaches through. */
export interface Outside {
  kind: 'outside';
  path: string;
}
export type TreeNode = Dir | File | Link | Outside;

export const dir = (entries: () => Record<string, TreeNode>): Dir => ({ kind: 'dir', entries });
export const link = (target: string): Link => ({ kind: 'link', target });
export const outside = (path: string): Outside => ({ kind: 'outside', path });

/** A read-only file: its text is taken when it is opened. */
export const text = (content: () => string | Buffer): File => ({
  kind: 'file',
  mode: 0o444,
  open() {
    const bytes = Buffer.from(content() as string);
    return { read: (size, offset) => bytes.subarray(offset, offset + size) };
  },
});

/** A read-write attribute, as in sysfs: each write is one command. */
export const attribute = (content: () => string, write: (value: string) => void | Promise<void>): File => ({
  kind: 'file',
  mode: 0o644,
  open() {
    const bytes = Buffer.from(content());
    return {
      read: (size, offset) => bytes.subarray(offset, offset + size),
      async write(data) {
        await write(data.toString());
        return data.length;
      },
    };
  },
});

/** The node at a path without following links in it; undefined: ENOENT. */
export function lookup(root: TreeNode, path: readonly string[]): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of path) {
    if (node?.kind !== 'dir') return undefined;
    const entries: Record<string, TreeNode> = node.entries();
    node = Object.hasOwn(entries, name) ? entries[name] : undefined;
  }
  return node;
}

/** What a path leads to, links followed as the kernel does. `rest`: what remains below an {@link Outside}. */
export function resolve(root: Dir, path: string, followLast = true): { node: TreeNode; rest: string[] } {
  let todo = path.split('/').filter((name) => name !== '');
  const done: string[] = [];
  for (let hops = 0; todo.length > 0;) {
    const name = todo.shift() as string;
    if (name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    const node = lookup(root, [...done, name]);
    if (!node) throw new Errno('ENOENT', `no ${path}`);
    if (node.kind === 'outside') return { node, rest: todo };
    if (node.kind === 'link' && (todo.length > 0 || followLast)) {
      if (++hops > 40) throw new Errno('ELOOP', `too many links in ${path}`);
      if (node.target.startsWith('/')) done.length = 0;
      todo = [...node.target.split('/').filter((part) => part !== ''), ...todo];
    } else done.push(name);
  }
  const node = lookup(root, done);
  if (!node) throw new Errno('ENOENT', `no ${path}`);
  return { node, rest: [] };
}
