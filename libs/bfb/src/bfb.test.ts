import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BfbReader, IMAGE_IDS, writeBfb, type ImageSource } from './index.ts';

const info = JSON.stringify({
  Members: [
    { Name: 'BF3_BSP', Version: '4.7.0.13127' },
    { Name: 'BF2_BSP', Version: '4.6.9' },
    { Name: 'BF3_UEFI', Version: '4.7.0-42' },
    { Name: 'DOCA', Version: '2.7.0' },
  ],
});
const BUNDLE: ImageSource[] = [
  { id: IMAGE_IDS.bl2, version: 0, payload: Buffer.from('bl2') },
  { id: IMAGE_IDS.bl2, version: 2, payload: Buffer.from('bl2 for BF3') },
  { id: IMAGE_IDS.bl33, payload: Buffer.alloc(1000, 7) },
  { id: IMAGE_IDS.info, payload: Buffer.from(info) },
  { id: IMAGE_IDS.image, payload: Buffer.alloc(4096, 1) },
  { id: IMAGE_IDS.initramfs, payload: Buffer.alloc(12345, 2) },
];
const bundle = (images = BUNDLE) => Buffer.concat([...writeBfb(images)]);
const read = (bytes: Buffer, chunk = bytes.length || 1) => {
  const reader = new BfbReader();
  for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
  return reader.end();
};
const changed = (change: (bytes: Buffer) => void) => {
  const bytes = bundle();
  change(bytes);
  return bytes;
};

describe('a BFB', () => {
  test('is read whole: images in order, versions, no warning', () => {
    const summary = read(bundle());
    expect(summary.images.map(({ name, version, length }) => `${name} v${version} ${length}`)).toEqual([
      'bl2 v0 3',
      'bl2 v2 11',
      'bl33 v0 1000',
      `info v0 ${info.length}`,
      'image v0 4096',
      'initramfs v0 12345',
    ]);
    expect(summary.versions).toEqual({ bsp: '4.7.0.13127', uefi: '4.7.0-42', doca: '2.7.0' });
    expect(summary).toMatchObject({ warnings: [], trailerBytes: 0, bytes: bundle().length });
  });

  test('starts with the bytes that bfver looks for', () => {
    const bytes = bundle([{ id: 5, payload: Buffer.from('uefi') }]);
    expect(bytes.subarray(0, 8).toString('hex')).toBe('4266021321003005');
  });

  test('reads the same however it is cut into chunks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (chunk) => expect(read(bundle(), chunk)).toEqual(read(bundle()))),
      { numRuns: 30 },
    );
  });

  test('ends where its images end; what follows is a configuration', () => {
    expect(read(Buffer.concat([bundle(), Buffer.from('ubuntu_PASSWORD=x\n')]))).toMatchObject({ trailerBytes: 18, bytes: bundle().length });
  });

  test('without initramfs or info carries warnings', () => {
    expect(read(bundle(BUNDLE.slice(0, 3))).warnings).toHaveLength(2);
  });

  test.each<[string, Buffer, RegExp]>([
    ['an empty file', Buffer.alloc(0), /ends before the first image/],
    ['something else', Buffer.from('<html>404 not found, dear customer</html>'), /bad magic/],
    ['one flipped bit in a payload', changed((b) => b.writeUInt8(b.readUInt8(30) ^ 1, 30)), /checksum of bl2 is wrong/],
    ['a file cut off in an image', bundle().subarray(0, 9000), /ends in initramfs, it is cut short/],
    ['a file cut off between images', bundle().subarray(0, 32), /ends between images/],
    ['a future major version', changed((b) => b.writeUInt8(0x22, 4)), /major version 2/],
    ['a future minor version', changed((b) => b.writeUInt8(0x31, 4)), /minor version 3/],
    ['a longer header', changed((b) => b.writeUInt8(0x40, 6)), /header of 4 words/],
    ['an image that was not announced', changed((b) => b.writeBigUInt64LE(1n << 1n, 16)), /announces images that the one before did not/],
    ['versions in the wrong order', bundle([BUNDLE[1], BUNDLE[0]] as ImageSource[]), /version 0 comes after version 2/],
    ['an id twice', bundle([BUNDLE[2], BUNDLE[3], BUNDLE[2], BUNDLE[4]] as ImageSource[]), /bl33 appears twice/],
  ])('is refused: %s', (_what, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });

  test.each(['not json', '[]', '{}', '{"Members":3}', '{"Members":[null,{"Name":1}]}'])(
    'with info %j has no versions, and is read all the same',
    (text) => {
      expect(read(bundle([{ id: IMAGE_IDS.info, payload: Buffer.from(text) }])).versions).toEqual({});
    },
  );
});
