import { ApiError } from './api-error.ts';

const TRIES = 3;
const FIRST_MS = 100;

/**
 * How long to wait before a request is sent again, in milliseconds; undefined: it is not. Anything may be repeated that the server refused to take up
 * (429) or that never reached it. Whatever may have had an effect is repeated only if it is `safe` (a read): of a write whose answer was lost nobody
 * here can tell, so the caller looks and decides.
 * @param tries how often it was sent already
 */
export function retryDelay(error: ApiError, { tries, safe, random }: { tries: number; safe: boolean; random: number }): number | undefined {
  if (error.code === 429) return (error.retryAfterSeconds ?? 1) * 1000 + random * 200;
  if (tries >= TRIES) return undefined;
  const repeatable = error.neverSent || (safe && [0, 500, 502, 503, 504].includes(error.code));
  return repeatable ? FIRST_MS * 2 ** (tries - 1) * (0.5 + random) : undefined;
}
