/** mlxconfig and mstconfig: query, set, reset. The same on the host and on the card. */
import { writeFileSync } from 'node:fs';
import type { Card } from '../card/card.ts';
import { NvConfig } from '../card/nvconfig.ts';
import { mlxFailed, printed, type ToolResult } from './result.ts';

interface Call {
  device: string;
  extended: boolean;
  json?: string;
  verb: string;
  rest: string[];
}

/** @param find the card and physical function that a device argument means */
export function mlxconfig(argv: readonly string[], find: (device: string) => { card: Card; pf: number } | undefined): ToolResult {
  const call = parse(argv);
  const found = find(call.device);
  if (!found) return mlxFailed('No devices found, mst might be stopped. You may need to run "mst start" to load MST modules.');
  const { card, pf } = found;
  const fault = card.fire('mlxconfig.fail');
  if (fault) return mlxFailed(FAILURES[String(fault.cause ?? 'failed')] ?? 'Failed to apply configurations');
  if (call.verb === 'q' || call.verb === 'query') return query(card, pf, call);
  if (call.verb === 'set' || call.verb === 's') return set(card, pf, call);
  if (call.verb === 'reset' || call.verb === 'r') {
    card.nvconfig.resetNext();
    card.save();
    return printed(
      ' Reset configuration for device? (y/n) [n] : y\nApplying... Done!\n-I- Please reboot machine to load new configurations.\n',
    );
  }
  return mlxFailed(`Unknown command: ${call.verb}`);
}

const FAILURES: Record<string, string> = {
  semaphore: 'Failed to acquire the semaphore: another tool is running on this device',
  unsupported: "The Device doesn't support the parameter",
  failed: 'Failed to set configuration: Bad parameter value',
};

function parse(argv: readonly string[]): Call {
  const call: Call = { device: '', extended: false, verb: 'q', rest: [] };
  const words = [...argv];
  const plain: string[] = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-d' || word === '--dev') call.device = words.shift() ?? '';
    else if (word === '-j' || word === '--json_format') call.json = words.shift() ?? '';
    else if (word === '-e' || word === '--enable_verbosity') call.extended = true;
    else if (!word.startsWith('-')) plain.push(word);
  }
  return { ...call, verb: plain[0] ?? 'q', rest: plain.slice(1) };
}

const head = ({ spec, pci }: Card, pf: number) => `
Device #1:
----------

Device type:        ${spec.generation.replace('-', '')}
Name:               ${spec.partNumber}_Ax
Description:        ${spec.productName}
Device:             ${pci}.${pf}

`;

function query(card: Card, pf: number, call: Call): ToolResult {
  const names = call.rest.length > 0 ? call.rest : Object.keys(card.nvconfig.state);
  const unknown = names.find((name) => !card.nvconfig.state[name]);
  if (unknown) return mlxFailed(`The Device doesn't support ${unknown} parameter`);
  if (call.json !== undefined) return queryJson(card, pf, call, names);
  const columns = call.extended ? ['Default', 'Current', 'Next Boot'] : ['Next Boot'];
  const rows = names.map((name) => {
    const { default: initial, current, next } = card.nvconfig.state[name] as NonNullable<NvConfig['state'][string]>;
    const values = (call.extended ? [initial, current[pf], next[pf]] : [next[pf]]) as number[];
    const changed = next[pf] !== current[pf];
    return `${changed ? '*' : ' '}       ${name.padEnd(44)}${values.map((value) => NvConfig.format(name, value).padEnd(20)).join('')}`.trimEnd();
  });
  const note = rows.some((row) => row.startsWith('*'))
    ? "The '*' shows parameters with next value different from default/current value.\n"
    : '';
  return printed(
    `${head(card, pf)}${'Configurations:'.padEnd(52)}${columns.map((c) => c.padEnd(20)).join('')}\n${rows.join('\n')}\n${note}`,
  );
}

function queryJson(card: Card, pf: number, call: Call, names: string[]): ToolResult {
  const value = (name: string, raw: number) => {
    const formatted = NvConfig.format(name, raw);
    return /^\d+$/.test(formatted) ? raw : formatted;
  };
  const tlv = names.map((name) => {
    const { default: initial, current, next } = card.nvconfig.state[name] as NonNullable<NvConfig['state'][string]>;
    const now = { next_value: value(name, next[pf] as number), read_only: false };
    const more = {
      default_value: value(name, initial),
      current_value: value(name, current[pf] as number),
      modified: next[pf] !== current[pf],
    };
    return [name, call.extended ? { ...now, ...more } : now];
  });
  const device = {
    device_type: card.spec.generation.replace('-', ''),
    name: `${card.spec.partNumber}_Ax`,
    description: card.spec.productName,
    device: `${card.pci}.${pf}`,
    tlv_configuration: Object.fromEntries(tlv) as unknown,
  };
  writeFileSync(call.json as string, JSON.stringify({ 'Device #1': device }, null, 4));
  return printed(`Query output saved to ${call.json} successfully\n`);
}

function set(card: Card, pf: number, call: Call): ToolResult {
  const rows: string[] = [];
  for (const assignment of call.rest) {
    const [name, value] = assignment.split(/=(.*)/s) as [string, string | undefined];
    const before = card.nvconfig.state[name]?.next[pf];
    const problem = value === undefined ? `Failed to parse ${assignment}` : card.nvconfig.set(pf, name, value);
    if (problem) return mlxFailed(problem);
    const after = card.nvconfig.state[name]?.next[pf] as number;
    rows.push(`        ${name.padEnd(44)}${NvConfig.format(name, before as number).padEnd(20)}${NvConfig.format(name, after)}`);
  }
  card.save();
  return printed(
    `${head(card, pf)}${'Configurations:'.padEnd(52)}${'Next Boot'.padEnd(20)}New\n${rows.join('\n')}\n\n Apply new Configuration? (y/n) [n] : y\nApplying... Done!\n-I- Please reboot machine to load new configurations.\n`,
  );
}
