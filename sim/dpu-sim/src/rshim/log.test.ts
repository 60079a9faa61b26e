import { describe, expect, test } from '@jest/globals';
import { LOG_WORDS, RshimLog } from './log.ts';

describe('the rshim log', () => {
  test('costs a header word and a word per 8 bytes, and drops what does not fit', () => {
    const log = new RshimLog();
    for (let i = 0; i < LOG_WORDS / 2; i++) expect(log.append('MISC', 'INFO', 'eightchr')).toBe(true);
    expect(log.free).toBe(0);
    expect(log.append('MISC', 'INFO', 'DPU is ready')).toBe(false);
    expect(log.read(false)).not.toContain('DPU is ready');
  });

  test('cuts a message that fits in part', () => {
    const log = new RshimLog();
    while (log.free > 3) log.append('BL2', 'INFO', '');
    expect(log.append('MISC', 'INFO', '0123456789abcdefghijklm')).toBe(false);
    expect(log.read(false)).toMatch(/ INFO\[MISC\]: 0123456789abcdef\n$/);
  });

  test('is emptied by a reading that clears, and has room again', () => {
    const log = new RshimLog();
    log.append('BL31', 'INFO', 'System Off');
    expect(log.read(true)).toBe(' INFO[BL31]: System Off\n');
    expect(log.read(true)).toBe('');
    expect(log.free).toBe(LOG_WORDS);
  });

  test.each([
    ['DPF u/1 configured', ' INFO[MISC]: DPF u/1 configured\n'],
    ['ERR DPF u/1 failed: ovs', ' ERR[MISC]: DPF u/1 failed: ovs\n'],
    ['WARNING: no BMC', ' WARN[MISC]: no BMC\n'],
    ['ERROR: no disk', ' ERR[MISC]: no disk\n'],
    ['  INFO  hello', ' INFO[MISC]: hello\n'],
    ['ERRATIC', ' INFO[MISC]: ERRATIC\n'],
  ])('takes the level of `bfrshlog %j` from its beginning', (text, line) => {
    const log = new RshimLog();
    log.bfrshlog(text);
    expect(log.read(false)).toBe(line);
  });
});
