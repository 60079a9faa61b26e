/** Structured logs: one JSON line each on standard output, secrets removed. */
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/** Fields whose values never appear in a log, at any depth, however they are spelled. */
const SECRET_FIELDS = ['bfcfg', 'token', 'password', 'authorization', 'secret', 'kubeconfig', 'data', 'stringData', 'privateKey', 'raw'];
const isSecret = new Set(SECRET_FIELDS.map((name) => name.toLowerCase()));

/** Shapes of secrets inside texts: bearer and bootstrap tokens, JWTs, credentials in URLs, crypt hashes. */
const SECRET_TEXTS: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g, '[redacted]'],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '[redacted]'],
  // Up to the last @: a password may hold one.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/]+@/gi, '$1[redacted]@'],
  [/\$(?:1|5|6|y|2[aby])\$[^\s'"]{8,}/g, '[redacted]'],
];

/** Removes what looks like a secret from a text that is going to be shown (log, condition, event, report). */
export function redact(text: string): string {
  return SECRET_TEXTS.reduce((result, [shape, replacement]) => result.replace(shape, replacement), text);
}

/** The fields of a log line without secrets; an error is left to its serializer. What is nested deeper than any of our objects is not shown. */
function clean(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (depth > 8) return '[nested too deep]';
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, isSecret.has(name.toLowerCase()) ? '[redacted]' : clean(field, depth + 1)]),
  );
}
const cleanFields = (fields: Record<string, unknown>): Record<string, unknown> => clean(fields) as Record<string, unknown>;

/** @param level pino's: fatal | error | warn | info | debug | trace */
export function createLogger(name: string, level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: cleanFields },
      // What is bound to a child logger does not pass the formatters.
      redact: { paths: SECRET_FIELDS, censor: '[redacted]' },
      serializers: { err: (error: Error) => ({ type: error.name, message: redact(error.message), stack: redact(error.stack ?? '') }) },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map((arg) => (typeof arg === 'string' ? redact(arg) : arg)) as Parameters<typeof method>);
        },
      },
    },
    // Synchronous: lines keep their order, and none is lost when the process ends.
    destination ?? pino.destination({ sync: true }),
  );
}
