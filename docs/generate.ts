/** Makes the tables of troubleshooting.md from the catalogue of reasons: `npm run generate`; a test fails when they differ. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { AGENT_REASONS } from '../libs/api/src/reasons/agent.ts';
import { BFB_REASONS } from '../libs/api/src/reasons/bfb.ts';
import { DPU_REASONS } from '../libs/api/src/reasons/dpu.ts';
import { DPUSET_REASONS } from '../libs/api/src/reasons/dpuset.ts';
import { GATEWAY_REASONS } from '../libs/api/src/reasons/gateway.ts';
import type { ReasonText } from '../libs/api/src/reasons/text.ts';

const CATALOGUE = join(import.meta.dirname, '../libs/api/src/reasons');
export const PAGE = join(import.meta.dirname, 'troubleshooting.md');
const [BEGIN, END] = ['<!-- reasons: begin -->', '<!-- reasons: end -->'];

/** In the order in which somebody meets them. */
const PARTS: { file: string; title: string; reasons: Record<string, ReasonText> }[] = [
  { file: 'bfb.ts', title: 'Bfb', reasons: BFB_REASONS },
  { file: 'dpuset.ts', title: 'DpuSet', reasons: DPUSET_REASONS },
  { file: 'dpu.ts', title: 'Dpu', reasons: DPU_REASONS },
  { file: 'agent.ts', title: 'Operations on a host', reasons: AGENT_REASONS },
  { file: 'gateway.ts', title: 'What the endpoint for agents refuses (in the log of an agent)', reasons: GATEWAY_REASONS },
];

interface Group {
  title: string;
  reasons: string[];
}

/** The reasons of a file in its order; a comment on a line of its own, the name of a phase, begins a group. */
export function groupsOf(source: string, title: string): Group[] {
  const groups: Group[] = [{ title, reasons: [] }];
  for (const line of source.split('\n')) {
    const [, heading, reason] = /^ {2}(?:\/\/ (.+)|(\w+): \{.*)$/.exec(line) ?? [];
    if (heading !== undefined) groups.push({ title: `${title}: ${heading}`, reasons: [] });
    if (reason !== undefined) groups.at(-1)?.reasons.push(reason);
  }
  return groups.filter(({ reasons }) => reasons.length > 0);
}

function tables(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '\\<');
  return PARTS.flatMap(({ file, title, reasons }) =>
    groupsOf(readFileSync(join(CATALOGUE, file), 'utf8'), title).map((group) => {
      const rows = group.reasons.map((name) => {
        const { meaning, fix } = reasons[name] ?? { meaning: '', fix: '' };
        return `| \`${name}\` | ${cell(meaning)} | ${cell(fix) || '–'} |`;
      });
      return [`### ${group.title}`, '', '| reason | meaning | fix |', '| --- | --- | --- |', ...rows].join('\n');
    }),
  ).join('\n\n');
}

/** The page as it should be. */
export async function generated(): Promise<string> {
  const page = readFileSync(PAGE, 'utf8');
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no ${BEGIN} … ${END}`);
  return format(`${before}${BEGIN}\n\n${tables()}\n\n${END}${after}`, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

if (import.meta.main) writeFileSync(PAGE, await generated());
