import { ApiError } from './api-error.ts';

/** Codes of failures before a byte of the request was sent: name resolution, connecting, TLS. */
const NEVER_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_.*|ERR_TLS_.*|.*_CERT_.*|SELF_SIGNED.*|.*SELF_SIGNED_CERT.*|UNABLE_TO_.*)$/;
const TIMEOUT = /^(UND_ERR_.*_TIMEOUT|ETIMEDOUT)$/;

/** The error for a request that got no whole answer. `timedOut`: our own limit ended it. */
export function unreachable(what: string, server: string, error: unknown, timedOut: boolean): ApiError {
  const { message: because = String(error), code = '' } = (error ?? {}) as { message?: string; code?: string };
  const reason = timedOut || TIMEOUT.test(code) ? 'Timeout' : 'Unreachable';
  const neverSent = NEVER_SENT.test(code);
  const message = `cannot ${what}: no ${neverSent || timedOut ? '' : 'whole '}answer from ${server} (${because || code})`;
  return new ApiError({ code: 0, reason, message, neverSent }, { cause: error });
}
