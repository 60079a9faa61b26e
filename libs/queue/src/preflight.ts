/** What a Redis server must be like, and what to do when it is not. Pure. */

/** The oldest server that knows every command used here (`ZADD LT`, `LPOS`, ACL users). */
export const MINIMUM_VERSION = '6.2';

/** A Redis that cannot serve us until somebody changes it; waiting does not help. The message says what to change. */
export class RedisUnfit extends Error {
  override readonly name = 'RedisUnfit';
}

/** The fields of `INFO`, by name. */
export function parseInfo(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).map((line) => /^([a-z_0-9]+):(.*)$/.exec(line));
  return Object.fromEntries(lines.flatMap((match) => (match ? [[match[1], match[2]] as const] : [])));
}

/** Judges a server by its `INFO`. Undefined: it is fit. */
export function unfitness(info: Record<string, string>): string | undefined {
  const version = info.redis_version ?? '0';
  if (!atLeast(version, MINIMUM_VERSION))
    return `Redis is version ${version}, at least ${MINIMUM_VERSION} is needed: upgrade it, or use Valkey 7.2 or later`;
  const policy = info.maxmemory_policy;
  if (policy !== undefined && policy !== 'noeviction')
    return `Redis may evict queued work (maxmemory-policy is ${policy}): set maxmemory-policy to noeviction`;
  if (info.role === 'slave') return 'Redis is a read-only replica: point REDIS_URL at the primary';
  return undefined;
}

/** Why Redis does not answer as it should. */
export interface Trouble {
  sentence: string;
  /** It will not heal by waiting. */
  lasting: boolean;
  /** User and password are not (no longer) good; a process knows those of its start. */
  refused?: boolean;
}

/** The sentence of a trouble that only a restart ends; undefined for any other. */
export const refusalOf = (trouble: Trouble | undefined): string | undefined => (trouble?.refused ? trouble.sentence : undefined);

/** @param where host and port, without credentials */
export function explain(error: Error & { code?: string }, where: string): Trouble {
  const { message, code = '' } = error;
  if (/^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/.test(message))
    return {
      sentence: `Redis at ${where} refuses the user or password of REDIS_URL: correct it, or create that user in Redis`,
      lasting: true,
      refused: true,
    };
  if (message.startsWith('NOPERM'))
    return { sentence: `the Redis user of REDIS_URL lacks a permission (${message}): give it the documented ACL rules`, lasting: true };
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code) || /certificate/i.test(message))
    return {
      sentence: `the certificate of Redis at ${where} is not trusted (${code || message}): REDIS_CA_FILE must name the CA that signed it`,
      lasting: true,
    };
  if (code === 'EPROTO' || /wrong version number|packet length/i.test(message))
    return { sentence: `Redis at ${where} does not speak TLS: use redis:// or enable TLS in Redis`, lasting: true };
  return { sentence: `Redis at ${where} does not answer (${code || message}): trying again until it does`, lasting: false };
}

function atLeast(version: string, minimum: string): boolean {
  const [have, need] = [version, minimum].map((text) => text.split('.').map(Number));
  for (const [i, part] of need!.entries()) if (have![i] !== part) return (have![i] ?? 0) > part;
  return true;
}
