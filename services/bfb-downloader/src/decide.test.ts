import { describe, expect, test } from '@jest/globals';
import { FINALIZERS, REASONS, type Bfb, type BfbStatus } from '@dpf/api';
import { decide, retryDelayMs } from './decide.ts';
import type { DownloadResult, Observed } from './outcome.ts';
import { nextStatus } from './status.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
const DIGEST = 'a'.repeat(64);

const bfb = (status?: BfbStatus, more: Partial<Bfb['metadata']> & { sha256?: string } = {}): Bfb => {
  const { sha256, ...metadata } = more;
  return {
    metadata: { name: 'doca', namespace: 'dpf', uid: 'u1', generation: 1, finalizers: [FINALIZERS.bfb], ...metadata },
    spec: { url: 'https://images.example.org/doca.bfb', ...(sha256 ? { sha256 } : {}) },
    ...(status ? { status } : {}),
  };
};
const observed = (object: Bfb, more: Partial<Observed> = {}): Observed => ({ now: NOW, bfb: object, references: [], chance: 0.5, ...more });
const PUBLISHED: DownloadResult = { kind: 'published', sha256: DIGEST, size: 42, versions: { doca: '2.7.0' }, warnings: [] };
const FAILED: Extract<DownloadResult, { kind: 'failed' }> = {
  kind: 'failed',
  reason: 'UrlRefused',
  message: 'GET … was answered with 404 Not Found',
};

describe('decide', () => {
  test('a failure says what happened and what to do about it', () => {
    const { message, failure } = decide(observed(bfb({ phase: 'Downloading' }), { download: FAILED }));
    expect(message).toBe(`${FAILED.message}. ${REASONS.UrlRefused.fix}`);
    expect(failure?.message).toBe(message);
  });

  test.each<[string, Observed, { phase: string; reason: string; effects: string[] }]>([
    [
      'a new Bfb gets our finalizer first',
      observed(bfb(undefined, { finalizers: [] })),
      { phase: 'Initializing', reason: 'WaitingToDownload', effects: ['addFinalizer'] },
    ],
    ['then it is downloaded', observed(bfb()), { phase: 'Downloading', reason: 'Downloading', effects: ['download'] }],
    [
      'a download whose replica died is started again',
      observed(bfb({ phase: 'Downloading' })),
      { phase: 'Downloading', reason: 'Downloading', effects: ['download'] },
    ],
    [
      'a published download makes it Ready',
      observed(bfb({ phase: 'Downloading' }), { download: PUBLISHED }),
      { phase: 'Ready', reason: 'Published', effects: [] },
    ],
    [
      'a failed one makes it Error, with the reason',
      observed(bfb({ phase: 'Downloading' }), { download: FAILED }),
      { phase: 'Error', reason: 'UrlRefused', effects: [] },
    ],
    [
      'Error waits for its retry',
      observed(bfb({ phase: 'Error', observedGeneration: 1, nextRetryTime: at(10), lastError: FAILED })),
      { phase: 'Error', reason: 'UrlRefused', effects: [] },
    ],
    [
      '… and tries again when it is due',
      observed(bfb({ phase: 'Error', observedGeneration: 1, nextRetryTime: at(0) })),
      { phase: 'Downloading', reason: 'Downloading', effects: ['download'] },
    ],
    [
      '… at once when the spec was corrected',
      observed(bfb({ phase: 'Error', observedGeneration: 1, nextRetryTime: at(600) }, { generation: 2 })),
      { phase: 'Downloading', reason: 'Downloading', effects: ['download'] },
    ],
    [
      'Ready stays while its image is on the volume',
      observed(bfb({ phase: 'Ready', sha256: DIGEST, size: 42 }), { publishedSize: 42 }),
      { phase: 'Ready', reason: 'Published', effects: [] },
    ],
    [
      'a lost image is downloaded again',
      observed(bfb({ phase: 'Ready', sha256: DIGEST, size: 42 })),
      { phase: 'Downloading', reason: 'ImageLost', effects: ['download'] },
    ],
    [
      'so is one that changed its size',
      observed(bfb({ phase: 'Ready', sha256: DIGEST, size: 42 }), { publishedSize: 41 }),
      { phase: 'Downloading', reason: 'ImageLost', effects: ['download'] },
    ],
    [
      'deletion waits while it is in use',
      observed(bfb({ phase: 'Ready' }, { deletionTimestamp: at(-1) }), { references: ['DpuSet demo', 'Dpu a', 'Dpu b', 'Dpu c'] }),
      { phase: 'Deleting', reason: 'BfbInUse', effects: [] },
    ],
    [
      'deletion removes the image, then our finalizer',
      observed(bfb({ phase: 'Ready', sha256: DIGEST }, { deletionTimestamp: at(-1) })),
      { phase: 'Deleting', reason: 'BfbDeleting', effects: ['removeImage', 'removeFinalizer'] },
    ],
  ])('%s', (_sentence, facts, expected) => {
    const { phase, reason, effects } = decide(facts);
    expect({ phase, reason, effects: effects.map((effect) => effect.do) }).toEqual(expected);
  });

  test('a deletion that waits says for whom, and looks again ever more seldom', () => {
    const waiting = (seconds: number) =>
      decide(observed(bfb({}, { deletionTimestamp: at(-seconds) }), { references: ['DpuSet demo', 'Dpu a', 'Dpu b', 'Dpu c'] }));
    expect(waiting(1).message).toBe('deletion waits until nothing refers to this Bfb any more: DpuSet demo, Dpu a, Dpu b and 1 more');
    expect([1, 40, 4000].map((seconds) => waiting(seconds).recheckMs)).toEqual([15_000, 40_000, 300_000]);
  });

  test('a published image is looked after every 5 min', () => {
    expect(decide(observed(bfb({ phase: 'Ready', sha256: DIGEST, size: 42 }), { publishedSize: 42 })).recheckMs).toBe(300_000);
  });

  test('retries come after 30 s, doubling, at most 15 min, ±20 %', () => {
    expect([1, 2, 3, 6, 100].map((attempts) => retryDelayMs(attempts, 0.5) / 1000)).toEqual([30, 60, 120, 900, 900]);
    expect([0, 1].map((chance) => retryDelayMs(1, chance) / 1000)).toEqual([24, 36]);
  });
});

describe('status', () => {
  const after = (facts: Observed) => nextStatus(facts.bfb, decide(facts), NOW);

  test('of a failure: attempts, next retry, last error, Stalled', () => {
    const status = after(observed(bfb({ phase: 'Downloading', attempts: 1, observedGeneration: 1 }), { download: FAILED }));
    expect(status).toMatchObject({ phase: 'Error', attempts: 2, nextRetryTime: at(60), lastError: { reason: 'UrlRefused' } });
    expect(status.conditions?.find((c) => c.type === 'Stalled')).toMatchObject({ status: 'True', reason: 'UrlRefused' });
  });

  test('of success: digest, size, versions; nothing is left of the failures', () => {
    const status = after(
      observed(bfb({ phase: 'Downloading', attempts: 3, lastError: FAILED, observedGeneration: 1 }), { download: PUBLISHED }),
    );
    expect(status).toMatchObject({ phase: 'Ready', sha256: DIGEST, size: 42, versions: { doca: '2.7.0' }, fileName: 'dpf-doca.bfb' });
    expect(Object.keys(status)).not.toEqual(expect.arrayContaining(['lastError']));
  });

  test.each([
    ['no digest in the spec', bfb({ phase: 'Downloading' }), 'False', 'DigestNotGiven'],
    ['a digest that matched', bfb({ phase: 'Downloading' }, { sha256: DIGEST }), 'True', 'DigestMatches'],
  ])('Verified with %s', (_what, object, expected, reason) => {
    expect(after(observed(object, { download: PUBLISHED })).conditions?.find((c) => c.type === 'Verified')).toMatchObject({
      status: expected,
      reason,
    });
  });

  test('a condition keeps its transition time while its status stays', () => {
    const first = after(observed(bfb({ phase: 'Downloading' })));
    const later = { ...observed(bfb(first)), now: NOW + 60_000 };
    expect(nextStatus(later.bfb, decide(later), later.now)).toEqual(first);
  });
});
