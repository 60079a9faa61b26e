/** Results as a table: one line per figure and API server, side by side. */
import { shown, type Figure, type Result } from './result.ts';

const HEAD = ['figure', 'on', 'measured', 'peer or lower bound', 'ratio', 'goal', ''];

/** The lines of a benchmark's results; figures of the same name stand together. */
export function tableOf(results: readonly Result[]): string {
  const names = [...new Set(results.flatMap(({ figures }) => figures.map(({ what }) => what)))];
  const rows = names.flatMap((name) =>
    results.flatMap(({ on, figures }) => figures.filter(({ what }) => what === name).map((figure) => cells(on, figure))),
  );
  const all = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? '')].length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd();
  return [line(HEAD), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

const cells = (on: string, { what, measured, beside, ratio, goal }: Figure): string[] => [
  what,
  on,
  measured,
  beside ?? '',
  ratio === undefined ? '' : shown(ratio),
  goal?.text ?? '',
  goal === undefined ? '' : goal.met ? 'met' : `MISSED: ${goal.miss ?? ''}`,
];
