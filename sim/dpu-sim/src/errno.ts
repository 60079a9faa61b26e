import { constants } from 'node:os';

export type ErrnoName = keyof typeof constants.errno;

/** A system call of the simulated host fails with this errno. */
export class Errno extends Error {
  override readonly name = 'Errno';
  readonly code: ErrnoName;
  constructor(code: ErrnoName, why: string) {
    super(`${code}: ${why}`);
    this.code = code;
  }
}

/** The errno of any error; EIO for what is none. */
export const errnoOf = (error: unknown): ErrnoName => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code in constants.errno ? (code as ErrnoName) : 'EIO';
};
