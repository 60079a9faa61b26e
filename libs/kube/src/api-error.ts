/** What a request to the API server can end with, other than an answer. */

/** One entry of a Status' details.causes: which field, and what is wrong with it. */
export interface ApiErrorCause {
  field?: string;
  reason?: string;
  message?: string;
}

export interface ApiErrorInit {
  /** HTTP status; 0 when there was no (whole) answer. */
  code: number;
  reason: string;
  message: string;
  causes?: ApiErrorCause[];
  /** What the server asks to wait before the next try. */
  retryAfterSeconds?: number;
  /** Name of the object that a Status is about; a 404 that names none concerns the kind itself. */
  about?: string;
  /** For code 0: the request never reached the server, so that a write was certainly not made. */
  neverSent?: boolean;
}

/**
 * A request that failed. The message names the verb, the kind and the object.
 * `code` 0 means that no whole answer came: for a write it is then unknown whether it was made, unless `neverSent`.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  readonly causes: readonly ApiErrorCause[];
  readonly retryAfterSeconds: number | undefined;
  readonly about: string | undefined;
  readonly neverSent: boolean;

  constructor(init: ApiErrorInit, options?: ErrorOptions) {
    super(init.message, options);
    this.code = init.code;
    this.reason = init.reason;
    this.causes = init.causes ?? [];
    this.retryAfterSeconds = init.retryAfterSeconds;
    this.about = init.about;
    this.neverSent = init.neverSent ?? false;
  }
}

/** A metav1.Status as far as it is read. */
export interface Status {
  kind?: string;
  status?: string;
  code?: number;
  reason?: string;
  message?: string;
  details?: { name?: string; retryAfterSeconds?: number; causes?: ApiErrorCause[] };
}

const LONGEST = 1_000;

/** The error for an answer that is no success: from its Status where there is one, else from the bare HTTP status. */
export function errorOfAnswer(what: string, code: number, body: string, retryAfterHeader?: string): ApiError {
  const status = parseStatus(body);
  const reason = status?.reason || HTTP_REASONS[code] || 'Unknown';
  const said = (status?.message ?? body.trim().replace(/\s+/g, ' ')).slice(0, LONGEST);
  return new ApiError({
    code,
    reason,
    message: `cannot ${what}: ${code} ${reason}${said ? `: ${said}` : ''}`,
    ...(status?.details?.causes && { causes: status.details.causes }),
    ...(status?.details?.name && { about: status.details.name }),
    ...retryAfter(retryAfterHeader, status?.details?.retryAfterSeconds),
  });
}

/** The error for a Status that came inside a watch stream. */
export function errorOfStatus(what: string, status: Status): ApiError {
  return errorOfAnswer(what, status.code ?? 500, JSON.stringify({ ...status, kind: 'Status' }));
}

function parseStatus(body: string): Status | undefined {
  try {
    const parsed = JSON.parse(body) as Status | null;
    return parsed?.kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function retryAfter(header: string | undefined, detail: number | undefined): { retryAfterSeconds?: number } {
  const seconds = header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : detail;
  return seconds === undefined ? {} : { retryAfterSeconds: seconds };
}

const HTTP_REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

const has = (error: unknown, code: number) => error instanceof ApiError && error.code === code;

/** The object moved on since it was read, or a precondition of a delete does not hold (409; not AlreadyExists). */
export const isConflict = (error: unknown): boolean => has(error, 409) && !isAlreadyExists(error);
/** A create of a name that is taken (409). */
export const isAlreadyExists = (error: unknown): boolean => has(error, 409) && (error as ApiError).reason === 'AlreadyExists';
/** The object, its namespace or its kind is not there (404). */
export const isNotFound = (error: unknown): boolean => has(error, 404);
/** The resourceVersion or continue token is too old (410): list again. */
export const isGone = (error: unknown): boolean => has(error, 410);
/** The schema or another validation refuses the object (422); `causes` name the fields. */
export const isInvalid = (error: unknown): boolean => has(error, 422);
/** RBAC, an admission policy or a namespace that is being deleted refuses the request (403). */
export const isForbidden = (error: unknown): boolean => has(error, 403);
/** No answer from an API server: network, TLS, timeout, or a gateway without a server behind it. */
export const isUnreachable = (error: unknown): boolean => error instanceof ApiError && [0, 502, 503, 504].includes(error.code);
