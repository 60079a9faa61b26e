/** The pages, and the fenced blocks in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const DOCS = dirname(import.meta.dirname);
/** As a reader goes: later pages speak of what install.md makes. */
export const ORDER = ['install', 'values', 'air-gapped', 'openshift', 'founding-document', 'troubleshooting', 'upgrade', 'uninstall'];

export interface Block {
  page: string;
  line: number;
  language: string;
  /** The words behind the language: what a test does with it. */
  mark: string;
  text: string;
}

export const pages = (): string[] => readdirSync(DOCS).filter((file) => file.endsWith('.md'));
export const textOf = (page: string): string => readFileSync(join(DOCS, page), 'utf8');

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  for (const [i, line] of textOf(page).split('\n').entries()) {
    const fence = /^```(\w*) ?(.*)$/.exec(line);
    if (open && line === '```') open = undefined;
    else if (open) open.text += `${line}\n`;
    else if (fence) blocks.push((open = { page, line: i + 1, language: fence[1] ?? '', mark: fence[2] ?? '', text: '' }));
  }
  return blocks;
}

/** The anchors of a page's headings, as GitHub makes them. */
export const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
