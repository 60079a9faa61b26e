/** The text of /dev/rshim<N>/misc, taken apart. Pure. */

export interface MiscReport {
  fields: Record<string, string>;
  /** Lines of the log; absent when the report has none (display level below 2, drop mode, or the log was locked). */
  log?: string[];
}

const LOG_TITLE = /^\s+Log Messages\s*$/;
const RULE = /^-{20,}\s*$/;

/** Fields stand in 16 columns `KEY VALUE`; the log comes after its title and a rule, each line with one leading blank. */
export function parseMisc(text: string): MiscReport {
  const lines = text.split('\n');
  const title = lines.findIndex((line) => LOG_TITLE.test(line));
  const fields: Record<string, string> = {};
  for (const line of lines.slice(0, title < 0 ? undefined : title)) {
    const match = /^([A-Z][A-Z0-9_]*)\s+(.*)$/.exec(line);
    if (match) fields[match[1] as string] = (match[2] as string).trim();
  }
  if (title < 0) return { fields };
  return {
    fields,
    log: lines
      .slice(title + 1)
      .filter((line) => line.trim() !== '' && !RULE.test(line))
      .map((line) => line.trim()),
  };
}

/** The PCI device (`0000:4b:00`) that a rshim device belongs to, from its DEV_NAME; undefined for USB. Old drivers leave the domain out. */
export function pciOfDevName(name: string): string | undefined {
  const match = /^pcie-(?:lf-)?(?:([0-9a-f]{4}):)?([0-9a-f]{2}:[0-9a-f]{2})\.[0-7]$/i.exec(name.trim());
  return match ? `${match[1] ?? '0000'}:${match[2]}`.toLowerCase() : undefined;
}

/** Drop mode: another owner, the BMC of the DPU, has the device. */
export const inDropMode = (report: MiscReport): boolean => (report.fields['DROP_MODE'] ?? '0').startsWith('1');

/** The card's log buffer holds 128 words and drops what is beyond: it is to be emptied when it is half full. */
export const isFilling = (log: readonly string[]): boolean => logWords(log) >= 64;

/** A line of a hundred characters may have found no room. */
export const isFull = (log: readonly string[]): boolean => logWords(log) > 112;

/** Words of 8 bytes that these lines take of the log buffer: a header each, then the text without level and module. */
export const logWords = (lines: readonly string[]): number =>
  lines.reduce((sum, line) => sum + 1 + Math.ceil(line.replace(/^\w+\[\w+\]:\s*/, '').length / 8), 0);

/**
 * Follows a log that is read again and again. It may come whole each time, or emptied by each reading (CLEAR_ON_READ, another reader),
 * or begin anew when the card was reset: what continues the last reading is cut off, everything else is new.
 */
export class LogTail {
  #last: readonly string[];

  /** @param known lines that are no news */
  constructor(known: readonly string[] = []) {
    this.#last = known;
  }

  /** The new lines of a reading. */
  take(log: readonly string[]): string[] {
    const continues = log.length >= this.#last.length && this.#last.every((line, i) => line === log[i]);
    const news = continues ? log.slice(this.#last.length) : [...log];
    this.#last = log;
    return news;
  }
}
