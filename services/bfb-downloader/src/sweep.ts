/** What a start removes from the volume: what replicas that died left behind. Only for a replica that sees all namespaces: of others it is not known what exists. */
import type { Bfb, Dpu } from '@dpf/api';
import type { Logger } from '@dpf/service';
import type { BfbVolume } from './volume.ts';

/** An image that nothing names stays for so long, in milliseconds: whoever published it is still about to say so. */
const UNNAMED_MS = 24 * 3_600_000;

export interface SweepDeps {
  volume: BfbVolume;
  now: () => number;
  /** All there are, read live. */
  listBfbs: () => Promise<Bfb[]>;
  listDpus: () => Promise<Dpu[]>;
  log: Pick<Logger, 'info'>;
}

export async function sweep(deps: SweepDeps): Promise<void> {
  await deps.volume.sweep(async () => new Set((await deps.listBfbs()).map((bfb) => bfb.metadata.uid)));
  await sweepImages(deps);
}

/** Removes images that no Bfb names any more: their replica died, or its Bfb went, before the status said what was published. */
async function sweepImages({ volume, now, listBfbs, listDpus, log }: SweepDeps): Promise<void> {
  // The files first: a Bfb names its image before that has come of age.
  const old = await volume.imagesBefore(now() - UNNAMED_MS);
  if (old.length === 0) return;
  const named = namedBy(await listBfbs());
  const unnamed = old.filter((sha256) => !named.has(sha256));
  if (unnamed.length === 0) return;
  // A Bfb whose image seemed lost for a while names none until it is downloaded again; an install may be reading it all the same.
  const installed = new Set((await listDpus()).map((dpu) => dpu.status?.attempt?.inputs?.bfbSha256));
  for (const sha256 of unnamed.filter((one) => !installed.has(one))) {
    // Once more, right before: removing large files takes its time, and another replica may publish this very image meanwhile.
    const bfbs = await listBfbs();
    if (bfbs.some(mayPublish)) return;
    if (namedBy(bfbs).has(sha256)) continue;
    await volume.removeImage(sha256);
    log.info({ sha256 }, 'an image that no Bfb names was removed from the BFB volume');
  }
}

const namedBy = (bfbs: readonly Bfb[]): Set<string | undefined> =>
  new Set(bfbs.flatMap(({ spec, status }) => [spec.sha256?.toLowerCase(), status?.sha256]));

/** What is downloaded may turn out to be any image. */
const mayPublish = ({ status }: Bfb): boolean => status?.phase === 'Downloading';
