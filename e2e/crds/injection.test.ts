/** What the schema lets through is data all the way: rendered into bf.cfg and run by bash in a scratch root, it runs nothing and writes nowhere else. */
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { referenceKey, references, renderBfCfg } from '../../libs/bfcfg/src/index.ts';
import { Disk, input } from '../../libs/bfcfg/test/run.ts';
import { PAYLOADS, TARGETS } from './rows/injection.ts';

const HASH = new TextEncoder().encode('$6$salt$hash');
let disk: Disk;
beforeEach(() => {
  disk = new Disk();
});
afterEach(() => disk.close());

const accepted = Object.entries(TARGETS).filter(([, { accepts }]) => accepts.length > 0);
describe.each(accepted)('%s', (_, { flavor, text, accepts }) => {
  const texts = accepts.map((name) => text?.(PAYLOADS[name]) ?? PAYLOADS[name]);
  const single = texts.length > 1 && JSON.stringify(flavor(texts)) === JSON.stringify(flavor(texts.slice(0, 1)));

  test.each((single ? texts.map((one) => [one]) : [texts]).map((some) => [some]))('%j', (some) => {
    const spec = flavor(some);
    const values = new Map(references(spec).map((reference) => [referenceKey(reference), HASH]));
    expect(disk.install(renderBfCfg(input(spec, { values })))).toMatchObject({ code: 0 });
    expect(disk.calls()).toEqual([]);
    // The script of Open vSwitch is a program by intent; everything else is data on the DPU, too.
    if (!spec.ovs) expect(disk.firstBoot()).toMatchObject({ code: 0 });
    expect(disk.calls().flat()).not.toContain('pwned');
    expect(new Set(readdirSync(disk.folder))).toEqual(new Set(['bf.cfg', 'root', 'tools', ...(spec.ovs ? [] : ['calls'])]));
    expect(readdirSync(disk.root)).not.toContain('ovs-vsctl-pwned');
  });
});
