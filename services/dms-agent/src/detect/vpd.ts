/** Vital product data of a PCI device: tagged resources; the read-only list holds part number (PN) and serial (SN). Pure. */

const READ_ONLY_LIST = 0x90;
const END = 0x78;

/** The keys of the read-only list; what is cut short is left out. */
export function parseVpd(data: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < data.length;) {
    const tag = data[at] as number;
    if (tag === END) break;
    const large = (tag & 0x80) !== 0;
    if (large && at + 3 > data.length) break;
    const start = at + (large ? 3 : 1);
    const length = large ? data.readUInt16LE(at + 1) : tag & 0x07;
    if (tag === READ_ONLY_LIST) readList(data.subarray(start, start + length), fields);
    at = start + length;
  }
  return fields;
}

function readList(list: Buffer, fields: Record<string, string>): void {
  for (let at = 0; at + 3 <= list.length;) {
    const length = list[at + 2] as number;
    const value = list.subarray(at + 3, at + 3 + length);
    if (value.length === length) fields[list.toString('latin1', at, at + 2)] = printable(value);
    at += 3 + length;
  }
}

/** Firmware pads with blanks and zeros; 64 characters are more than any serial or part number has. */
const printable = (value: Buffer): string =>
  value
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, 64);
