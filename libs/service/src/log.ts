/** Structured logs: one JSON line each on standard output, secrets removed. */
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/** Fields whose values never appear in a log, at any depth up to three. */
const SECRET_FIELDS = ['bfcfg', 'token', 'password', 'authorization', 'secret', 'kubeconfig', 'data', 'stringData', 'privateKey', 'raw'];
const paths = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`, `headers.${field}`, `req.headers.${field}`]);

/** Shapes of secrets inside texts: bearer and bootstrap tokens, JWTs, credentials in URLs, crypt hashes. */
const SECRET_TEXTS: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g, '[redacted]'],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '[redacted]'],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1[redacted]@'],
  [/\$(?:1|5|6|y|2[aby])\$[^\s'"]{8,}/g, '[redacted]'],
];

/** Removes what looks like a secret from a text that is going to be shown (log, condition, event, report). */
export function redact(text: string): string {
  return SECRET_TEXTS.reduce((result, [shape, replacement]) => result.replace(shape, replacement), text);
}

/** @param level pino's: fatal | error | warn | info | debug | trace */
export function createLogger(name: string, level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[redacted]' },
      serializers: { err: (error: Error) => ({ type: error.name, message: redact(error.message), stack: redact(error.stack ?? '') }) },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map((arg) => (typeof arg === 'string' ? redact(arg) : arg)) as Parameters<typeof method>);
        },
      },
    },
    destination ?? pino.destination({ sync: false }),
  );
}
