import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ConfigError, env, readConfig, type Reader } from './config.ts';

const read = <T>(reader: Reader<T>, source: NodeJS.ProcessEnv) => readConfig({ value: ['X', reader] }, source).value as T;
const problemsOf = (run: () => unknown): readonly string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};
const port = env.integer({ min: 1, max: 65_535, default: 8080 });
const list = (value: unknown) => {
  if (!Array.isArray(value)) throw new Error('must be a JSON list');
  return value as unknown[];
};

describe('a variable that is set is read', () => {
  test.each<[string, Reader<unknown>, string, unknown]>([
    ['text', env.text(), 'a b', 'a b'],
    ['text with a default', env.text('d'), 'v', 'v'],
    ['optional', env.optional(), 'v', 'v'],
    ['integer', port, '443', 443],
    ['negative integer', env.integer(), '-5', -5],
    ['choice', env.choice(['a', 'b']), 'b', 'b'],
    ['boolean', env.boolean(), 'false', false],
    ['url', env.url(['rediss:']), 'rediss://r:6379', 'rediss://r:6379'],
    ['list', env.list(), ' a, b ,,c', ['a', 'b', 'c']],
    ['json', env.json(list), '[1]', [1]],
  ])('%s', (_, reader, text, value) => expect(read(reader, { X: text })).toEqual(value));
});

describe('one that is not set, or empty, has its default', () => {
  test.each<[string, Reader<unknown>, unknown]>([
    ['text', env.text('d'), 'd'],
    ['optional', env.optional(), undefined],
    ['integer', port, 8080],
    ['integer 0', env.integer({ default: 0 }), 0],
    ['choice', env.choice(['a', 'b'], 'a'), 'a'],
    ['boolean', env.boolean(false), false],
    ['list', env.list(), []],
    ['json', env.json(list, []), []],
  ])('%s', (_, reader, value) => {
    expect(read(reader, {})).toEqual(value);
    expect(read(reader, { X: '' })).toEqual(value);
  });
});

describe('what is wrong is said with what is expected', () => {
  test.each<[string, Reader<unknown>, string | undefined, string]>([
    ['missing', env.text(), undefined, 'X is required'],
    ['missing url', env.url(['http:']), undefined, 'X is required'],
    ['no number', port, '80a', 'X must be a whole number from 1 to 65535'],
    ['a fraction', port, '1.5', 'X must be a whole number from 1 to 65535'],
    ['too great', port, '65536', 'X must be a whole number from 1 to 65535'],
    ['no choice', env.choice(['a', 'b']), 'c', 'X must be one of a, b'],
    ['no boolean', env.boolean(), 'yes', 'X must be true or false'],
    ['another protocol', env.url(['redis:', 'rediss:']), 'http://r', 'X must be a URL with redis: or rediss:'],
    ['no url', env.url(['redis:']), 'localhost', 'X must be a URL with redis:'],
    ['no json', env.json(list), '{"a', 'X must be JSON'],
    ['json of another shape', env.json(list), '{}', 'X must be a JSON list'],
  ])('%s', (_, reader, text, problem) => expect(problemsOf(() => read(reader, { X: text }))).toEqual([problem]));
});

test('all problems are reported at once', () => {
  const schema = { a: ['A', env.text()], b: ['B', port], c: ['C', env.boolean()], d: ['D', env.text('fine')] } as const;
  expect(problemsOf(() => readConfig(schema, { B: 'x', C: 'maybe' }))).toEqual([
    'A is required',
    'B must be a whole number from 1 to 65535',
    'C must be true or false',
  ]);
  expect(() => readConfig(schema, { B: 'x', C: 'maybe' })).toThrow(/^the configuration has 3 problems:\n {2}- A is required\n/);
});

test('a problem does not repeat the value: it may be a secret', () => {
  for (const reader of [port, env.boolean(), env.choice(['a']), env.url(['redis:']), env.json(list)] as Reader<unknown>[])
    expect(problemsOf(() => read(reader, { X: 'sesame:"' })).join()).not.toMatch(/sesame/);
});

describe('a value from a file', () => {
  test('is read where the variable is not set; the variable goes first', () => {
    const dir = mkdtempSync(join(tmpdir(), 'dpf-config-'));
    const file = join(dir, 'url');
    writeFileSync(file, 'redis://r\n');
    expect(read(env.text(), { X_FILE: file })).toBe('redis://r');
    expect(read(env.text(), { X: 'direct', X_FILE: file })).toBe('direct');
    rmSync(dir, { recursive: true });
  });

  test('that cannot be read is a problem like the others', () => {
    expect(problemsOf(() => read(env.text(), { X_FILE: '/nowhere/url' }))).toEqual([expect.stringMatching(/^X .*ENOENT.*\/nowhere\/url/)]);
  });
});
