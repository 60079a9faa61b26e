/** What agent and push child agree on: the order, the words of progress, the exit codes, and the note of a complete push. */
import { readFileSync } from 'node:fs';
import type { HostLocation } from '../host/port.ts';

/** The child's one argument, as JSON. No secret: bf.cfg comes by standard input, `configBytes` of it; the input stays open while the agent lives. */
export interface PushOrder {
  id: string;
  host: HostLocation;
  /** The boot file, `/dev/rshim0/boot`. */
  boot: string;
  image: string;
  imageBytes: number;
  sha256: string;
  configBytes: number;
  /** Where the child notes a complete push. */
  noteFolder: string;
  noteName: string;
}

/** A line of the child's standard output: the boot file is open, and so many bytes were taken. */
export interface PushProgress {
  bytes: number;
}

/** Why a push ended, by exit code. Everything else is 1. */
export const PUSH_EXITS = {
  complete: 0,
  EBUSY: 10,
  EINVAL: 11,
  EPERM: 12,
  ENODEV: 13,
  ENOENT: 14,
  ETIMEDOUT: 15,
  EIO: 16,
  imageUnreadable: 20,
  imageWrong: 21,
} as const;
export type PushExit = keyof typeof PUSH_EXITS | 'unknown';

export const exitName = (code: number | null): PushExit =>
  (Object.keys(PUSH_EXITS) as (keyof typeof PUSH_EXITS)[]).find((name) => PUSH_EXITS[name] === code) ?? 'unknown';

/** True if the push of this operation was noted as complete: the agent may have ended before it heard of it. */
export function isNotedComplete(path: string, id: string): boolean {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { id?: unknown }).id === id;
  } catch {
    return false;
  }
}
