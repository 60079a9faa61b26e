/**
 * Configuration from environment variables. Every problem is reported at once, each with the variable, what was found and what is expected.
 * This is the only place of the product that reads `process.env`.
 */
import { readFileSync } from 'node:fs';

/** Reads one variable: its value as text (undefined when not set or empty) → the setting, or an error that says what is expected. */
export type Reader<T> = (text: string | undefined) => T;

class Unset extends Error {}
const required =
  <T>(parse: (text: string) => T, fallback?: { value: T }): Reader<T> =>
  (text) => {
    if (text === undefined) {
      if (fallback) return fallback.value;
      throw new Unset('is required');
    }
    return parse(text);
  };

/** Readers. With a default the variable is optional. */
export const env = {
  text: (fallback?: string): Reader<string> => required((t) => t, fallback === undefined ? undefined : { value: fallback }),
  optional: (): Reader<string | undefined> => (text) => text,
  integer: (bounds: { min?: number; max?: number; default?: number } = {}): Reader<number> =>
    required(
      (text) => {
        const value = Number(text);
        const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
        if (!/^-?\d+$/.test(text) || value < min || value > max) throw new Error(`must be a whole number from ${min} to ${max}`);
        return value;
      },
      bounds.default === undefined ? undefined : { value: bounds.default },
    ),
  choice: <const C extends string>(choices: readonly C[], fallback?: C): Reader<C> =>
    required(
      (text) => {
        if (!(choices as readonly string[]).includes(text)) throw new Error(`must be one of ${choices.join(', ')}`);
        return text as C;
      },
      fallback === undefined ? undefined : { value: fallback },
    ),
  boolean: (fallback?: boolean): Reader<boolean> =>
    required(
      (text) => {
        if (text !== 'true' && text !== 'false') throw new Error('must be true or false');
        return text === 'true';
      },
      fallback === undefined ? undefined : { value: fallback },
    ),
  url: (protocols: string[], fallback?: string): Reader<string> =>
    required(
      (text) => {
        if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol))
          throw new Error(`must be a URL with ${protocols.join(' or ')}`);
        return text;
      },
      fallback === undefined ? undefined : { value: fallback },
    ),
  /** Comma-separated; absent: []. */
  list: (): Reader<string[]> => (text) =>
    text
      ? text
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== '')
      : [],
  json: <T>(check: (value: unknown) => T, fallback?: T): Reader<T> =>
    required((text) => check(parseJson(text)), fallback === undefined ? undefined : { value: fallback }),
};

/** The parser's own message would repeat a part of the text, which may be a secret. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('must be JSON');
  }
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `the configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

export type Settings<S extends Record<string, readonly [string, Reader<unknown>]>> = {
  [K in keyof S]: S[K][1] extends Reader<infer T> ? T : never;
};

/**
 * Reads settings: `{ redisUrl: ['REDIS_URL', env.url(['rediss:'])] }`. For a variable X that is not set, `X_FILE` may name a file that holds the value (secrets).
 * @throws ConfigError with every problem
 */
export function readConfig<const S extends Record<string, readonly [string, Reader<unknown>]>>(
  schema: S,
  source: NodeJS.ProcessEnv = process.env,
): Settings<S> {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [name, [variable, read]] of Object.entries(schema)) {
    try {
      settings[name] = read(valueOf(variable, source));
    } catch (error) {
      // The value itself is not repeated: it may be a secret.
      problems.push(`${variable} ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return settings as Settings<S>;
}

function valueOf(variable: string, source: NodeJS.ProcessEnv): string | undefined {
  const direct = source[variable];
  if (direct) return direct;
  const file = source[`${variable}_FILE`];
  return file ? readFileSync(file, 'utf8').trim() || undefined : undefined;
}
