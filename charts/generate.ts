/**
 * Makes what the chart holds twice: the CRDs (copies of crds/) and the table of values in its README (from the comments `# -- …` of values.yaml).
 * `npm run generate`; a test fails when they differ.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CHART = join(ROOT, 'charts', 'dpf-provisioning');
const README = join(CHART, 'README.md');
const [BEGIN, END] = ['<!-- values: begin -->', '<!-- values: end -->'];

export interface Value {
  path: string;
  comment: string;
  default: unknown;
}

/** Every value that has a comment `# -- …`, with its path and default. */
export function documentedValues(text: string): Value[] {
  const values: Value[] = [];
  const all: unknown = parse(text);
  const path: { indent: number; key: string }[] = [];
  let comment: string | undefined;
  for (const line of text.split('\n')) {
    const said = /^\s*# -- (.*)$/.exec(line)?.[1];
    if (said !== undefined) comment = said;
    const [, space, key] = /^(\s*)([A-Za-z]\w*):/.exec(line) ?? [];
    if (space === undefined || key === undefined) continue;
    while ((path.at(-1)?.indent ?? -1) >= space.length) path.pop();
    path.push({ indent: space.length, key });
    if (comment === undefined) continue;
    const keys = path.map((step) => step.key);
    const value = keys.reduce<unknown>((inside, name) => (inside as Record<string, unknown>)[name], all);
    values.push({ path: keys.join('.'), comment, default: value });
    comment = undefined;
  }
  return values;
}

function table(values: Value[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = values.map(({ path, comment, default: value }) => `| \`${path}\` | \`${cell(JSON.stringify(value))}\` | ${cell(comment)} |`);
  return ['| value | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** What each generated file should hold, by its path. */
export async function generated(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of readdirSync(join(ROOT, 'crds')).filter((file) => file.endsWith('.yaml')))
    files.set(join(CHART, 'files', 'crds', name), readFileSync(join(ROOT, 'crds', name), 'utf8'));
  const readme = readFileSync(README, 'utf8');
  const [before, after] = [readme.split(BEGIN)[0], readme.split(END)[1]];
  if (before === undefined || after === undefined) throw new Error(`${README} has no ${BEGIN} … ${END}`);
  const values = table(documentedValues(readFileSync(join(CHART, 'values.yaml'), 'utf8')));
  const text = await format(`${before}${BEGIN}\n\n${values}\n\n${END}${after}`, { ...(await resolveConfig(README)), parser: 'markdown' });
  return files.set(README, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const [file, text] of await generated()) writeFileSync(file, text);
