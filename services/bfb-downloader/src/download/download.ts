/** One download of one Bfb, from the spec to a published image or a failure with a reason. */
import type { Bfb, ConfigMap, Secret } from '@dpf/api';
import { CORE, type Cluster } from '@dpf/kube';
import type { DownloadResult } from '../outcome.ts';
import type { BfbVolume } from '../volume.ts';
import { classify, DownloadFailure } from './failure.ts';
import { checkFile, fetchImage, type Fetched } from './fetch.ts';
import { rewrite, sourceOf, type UrlRewrite } from './source.ts';

export interface DownloadDeps {
  cluster: Cluster;
  volume: BfbVolume;
  urlRewrites: readonly UrlRewrite[];
  onProgress: (bytes: number, total: number | undefined) => void;
}

/** @throws the signal's reason when aborted; every other failure is a result */
export async function download(deps: DownloadDeps, bfb: Bfb, signal: AbortSignal): Promise<DownloadResult> {
  try {
    const { sha256, size, summary } = (await alreadyThere(deps, bfb, signal)) ?? (await fetchAndPublish(deps, bfb, signal));
    return { kind: 'published', sha256, size, versions: summary.versions, warnings: summary.warnings };
  } catch (error) {
    signal.throwIfAborted();
    const { reason, message } = classify(error, rewrite(bfb.spec.url, deps.urlRewrites));
    return { kind: 'failed', reason, message };
  }
}

/** An image whose digest the spec names may be on the volume already: then nothing is fetched. */
async function alreadyThere({ volume }: DownloadDeps, bfb: Bfb, signal: AbortSignal): Promise<Fetched | undefined> {
  const { sha256 } = bfb.spec;
  if (!sha256 || (await volume.size(sha256)) === undefined) return undefined;
  const found = await checkFile(volume.imagePath(sha256), signal).catch((error: Error) => {
    if (error.name === 'BfbError') return undefined;
    throw error;
  });
  return found?.sha256 === sha256 ? found : undefined;
}

async function fetchAndPublish(deps: DownloadDeps, bfb: Bfb, signal: AbortSignal): Promise<Fetched> {
  const { cluster, volume } = deps;
  const { uid = '', generation = 0, namespace = '' } = bfb.metadata;
  const { secretRef, caBundleRef, sha256: wanted } = bfb.spec;
  const [secret, caBundle] = await Promise.all([
    secretRef ? cluster.resource<Secret>(CORE.Secret).get({ namespace, name: secretRef.name }, { signal }) : undefined,
    caBundleRef ? cluster.resource<ConfigMap>(CORE.ConfigMap).get({ namespace, name: caBundleRef.name }, { signal }) : undefined,
  ]);
  const source = sourceOf(bfb, deps.urlRewrites, secret, caBundle);
  const file = await volume.partialPath(uid, generation);
  const fetched = await fetchImage({ source, file, free: () => volume.free(), onProgress: deps.onProgress, signal });
  if (fetched.summary.trailerBytes > 0)
    throw await discard(
      volume,
      uid,
      'NotABfb',
      `the file goes on for ${fetched.summary.trailerBytes} bytes after the last image of the BFB`,
    );
  if (wanted && fetched.sha256 !== wanted) {
    throw await discard(volume, uid, 'DigestMismatch', `the download has sha256 ${fetched.sha256}, spec.sha256 asks for ${wanted}`);
  }
  await volume.publish(file, fetched.sha256);
  return fetched;
}

async function discard(volume: BfbVolume, uid: string, reason: DownloadFailure['reason'], message: string): Promise<DownloadFailure> {
  await volume.removePartials(uid);
  return new DownloadFailure(reason, message);
}
