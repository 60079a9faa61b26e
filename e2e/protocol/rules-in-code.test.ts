import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { RULE_NAMES, isRule } from './rules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A comment that says which rule is kept here: `// Rule push-once: …`. */
const KEPT = /(?:\/\/|\*)\s*Rule ([a-z-]+):/g;

/** The TypeScript files of the product, tests apart. */
function files(): { sources: string[]; tests: string[] } {
  const all = ['libs', 'services'].flatMap((top) =>
    readdirSync(join(ROOT, top)).flatMap((unit) =>
      ['src', 'test'].flatMap((folder) => {
        const path = join(top, unit, folder);
        try {
          return readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' }).map((file) => join(path, file));
        } catch {
          return [];
        }
      }),
    ),
  );
  const code = all.filter((file) => file.endsWith('.ts'));
  return { sources: code.filter((file) => !file.endsWith('.test.ts')), tests: code.filter((file) => file.endsWith('.test.ts')) };
}
const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test('each rule of the protocol is kept at one place in the code, which bears its name in a comment; no comment names a rule that there is not', () => {
  const named = files().sources.flatMap((file) => [...text(file).matchAll(KEPT)].map(([, rule]) => rule!));
  const places = (rule: string) => named.filter((name) => name === rule).length;
  const elsewhere = RULE_NAMES.filter((rule) => places(rule) !== 1).map((rule) => `${rule}: ${places(rule)} places`);
  const unknown = named.filter((rule) => !isRule(rule));
  expect({ elsewhere, unknown }).toEqual({ elsewhere: [], unknown: [] });
});

test('each rule has a test that names it', () => {
  const tests = files().tests.map(text).join('\n');
  expect(RULE_NAMES.filter((rule) => !new RegExp(`\\b${rule}\\b`).test(tests))).toEqual([]);
});
