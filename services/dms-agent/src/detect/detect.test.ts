/** Detection: what is found on the bus, under which index, and what node-feature-discovery is told. */
import { describe, expect, test } from '@jest/globals';
import type { CardRecord } from '../journal/records.ts';
import { parseFlint } from './flint.ts';
import { assignIndexes } from './indexes.ts';
import { featureLines } from './nfd.ts';
import type { FoundCard } from './pci.ts';
import { parseVpd } from './vpd.ts';

const A: FoundCard = { pci: '0000-4b-00', serial: 'A', generation: 'BlueField-3' };
const B: FoundCard = { pci: '0000-b1-00', serial: 'B', generation: 'BlueField-3' };
const C: FoundCard = { pci: '0000-ca-00', serial: 'C', generation: 'BlueField-2' };
const places = (records: readonly CardRecord[]) => records.map(({ index, serial, pci }) => `${index} ${serial} ${pci.slice(5, 7)}`);
const noSerial = ({ serial: _, ...rest }: FoundCard): FoundCard => rest;

describe('indexes of cards', () => {
  const both = assignIndexes([], [A, B]);
  test.each<[string, FoundCard[], string[]]>([
    ['the same cards keep theirs', [A, B], ['0 A 4b', '1 B b1']],
    ['a card that is away keeps its index', [B], ['0 A 4b', '1 B b1']],
    ['and gets it back', [A, B], ['0 A 4b', '1 B b1']],
    ['a new card gets the next free one, also while another is away', [B, C], ['0 A 4b', '1 B b1', '2 C ca']],
    ['cards that changed places keep theirs by serial', [{ ...B, pci: A.pci }, { ...A, pci: B.pci }], ['0 A b1', '1 B 4b']], // prettier-ignore
    ['a card whose serial cannot be read now is known by its slot', [noSerial(A), B], ['0 A 4b', '1 B b1']],
    ['another card in the slot of one that is gone takes its place', [{ ...C, pci: A.pci }, B], ['0 C 4b', '1 B b1']],
    ['a known card in the slot of one that is gone leaves no second record of the slot', [{ ...B, pci: A.pci }], ['1 B 4b']],
  ])('%s', (_case, found, expected) => expect(places(assignIndexes(both, found))).toEqual(expected));

  test('what was learned once is kept while it cannot be read', () => {
    const [record] = assignIndexes([{ ...A, index: 0, psid: 'MT_1', pf0Name: 'ens1f0np0' }], [A]);
    expect(record).toMatchObject({ psid: 'MT_1', pf0Name: 'ens1f0np0' });
  });

  test('another card in the slot inherits nothing but the index', () => {
    const [record] = assignIndexes([{ ...A, index: 3, psid: 'MT_1' }], [{ ...C, pci: A.pci }]);
    expect(record).toEqual({ ...C, pci: A.pci, index: 3 });
  });
});

describe('the feature file', () => {
  test('has a line per fact, and none for what is no label value', () => {
    const cards = assignIndexes([], [{ ...A, pf0Name: 'ens1f0np0' }, { ...B, pf0Name: 'with blank' }]); // prettier-ignore
    expect(featureLines([{ ...(cards[0] as CardRecord), psid: 'MT_0000000884' }, cards[1] as CardRecord])).toBe(
      'dpu-enabled=true\ndpu-0-pci-address=0000-4b-00\ndpu-0-ps-id=MT_0000000884\ndpu-0-pf0-name=ens1f0np0\ndpu-1-pci-address=0000-b1-00\n',
    );
  });
  test('is empty on a host without cards', () => expect(featureLines([])).toBe(''));
});

describe('vital product data', () => {
  const text = (s: string) => [...Buffer.from(s)];
  const field = (key: string, value: string) => [...text(key), value.length, ...text(value)];
  const resource = (tag: number, body: number[]) => [tag, body.length & 0xff, body.length >> 8, ...body];
  const whole = [
    ...resource(0x82, text('BlueField-3')),
    ...resource(0x90, [...field('PN', '900-9D3B6'), ...field('SN', 'MT2321XZ0KVX  ')]),
    0x78,
  ];

  test('gives part number and serial, without padding', () => {
    expect(parseVpd(Buffer.from(whole))).toEqual({ PN: '900-9D3B6', SN: 'MT2321XZ0KVX' });
  });
  test('that is cut short anywhere gives what is whole, and never fails', () => {
    for (let length = 0; length < whole.length; length++)
      expect(['', 'MT2321XZ0KVX']).toContain(parseVpd(Buffer.from(whole.slice(0, length)))['SN'] ?? '');
  });
});

test('flint tells PSID and the firmware that runs, where an update is pending too', () => {
  const report = 'Image type:            FS4\nFW Version:            32.43.1014\nPSID:                  MT_0000000884\n';
  expect(parseFlint(report)).toEqual({ psid: 'MT_0000000884', nic: '32.43.1014' });
  expect(parseFlint(`${report}FW Version(Running):   32.42.1000\n`).nic).toBe('32.42.1000');
});
