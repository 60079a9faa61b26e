/** Who we are to an API server, and how we know that it is the one. */
import type { ConnectionOptions } from 'node:tls';

/** All that a connection and a request need; read again now and then, because tokens and certificates rotate. */
export interface Identity {
  /** Authorization, Impersonate-User. */
  headers: Readonly<Record<string, string>>;
  tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;
}

export interface Credentials {
  readonly server: string;
  /** An HTTP proxy on the way there. */
  readonly proxy?: string;
  current(): Promise<Identity>;
  /** The server refused the identity (401): the next {@link current} reads it afresh. */
  invalidate(): void;
}

/** Keeps what `read` gave for a while. An identity that could not be read is not kept. */
export function cachedCredentials(
  server: string,
  read: (fresh: boolean) => Promise<Identity>,
  options: { proxy?: string; maxAgeMs?: number; now?: () => number } = {},
): Credentials {
  const { maxAgeMs = 30_000, now = Date.now } = options;
  let kept: { identity: Promise<Identity>; at: number } | undefined;
  let fresh = false;
  return {
    server,
    ...(options.proxy && { proxy: options.proxy }),
    current: () => {
      if (kept && now() - kept.at < maxAgeMs) return kept.identity;
      const mine = { identity: read(fresh), at: now() };
      kept = mine;
      fresh = false;
      mine.identity.catch(() => {
        if (kept === mine) kept = undefined;
      });
      return mine.identity;
    },
    invalidate: () => {
      kept = undefined;
      fresh = true;
    },
  };
}

/** Credentials that never change. */
export const fixedCredentials = (server: string, identity: Identity): Credentials => ({
  server,
  current: () => Promise.resolve(identity),
  invalidate: () => undefined,
});
