/** One download of one Bfb, from the spec to a published image or a failure with a reason. */
import type { Bfb, ConfigMap, KindInfo, KubeObject, Secret } from '@dpf/api';
import { ApiError, CORE, isForbidden, type Cluster } from '@dpf/kube';
import type { DownloadResult } from '../outcome.ts';
import type { BfbVolume } from '../volume.ts';
import { classify, DownloadFailure } from './failure.ts';
import { checkFile, fetchImage, type Fetched, type FetchOptions } from './fetch.ts';
import { rewrite, sourceOf, type UrlRewrite } from './source.ts';

export interface DownloadDeps {
  cluster: Pick<Cluster, 'resource'>;
  volume: BfbVolume;
  urlRewrites: readonly UrlRewrite[];
  limit: FetchOptions['limit'];
  onProgress: FetchOptions['onProgress'];
}

/** @throws the signal's reason when aborted, ApiError when the cluster does not answer; every other failure is a result */
export async function download(deps: DownloadDeps, bfb: Bfb, signal: AbortSignal): Promise<DownloadResult> {
  try {
    const { sha256, size, summary } = (await alreadyThere(deps, bfb, signal)) ?? (await fetchAndPublish(deps, bfb, signal));
    return { kind: 'published', sha256, size, versions: summary.versions, warnings: summary.warnings };
  } catch (error) {
    signal.throwIfAborted();
    // The image and its server are not to blame: the queue tries again.
    if (error instanceof ApiError) throw error;
    const { reason, message } = classify(error, rewrite(bfb.spec.url, deps.urlRewrites));
    return { kind: 'failed', reason, message };
  }
}

/** An image whose digest the spec names may be on the volume already: then nothing is fetched. */
async function alreadyThere({ volume }: DownloadDeps, bfb: Bfb, signal: AbortSignal): Promise<Fetched | undefined> {
  const sha256 = wantedDigest(bfb);
  if (!sha256 || (await volume.size(sha256)) === undefined) return undefined;
  const found = await checkFile(volume.imagePath(sha256), signal).catch((error: Error) => {
    if (error.name === 'BfbError') return undefined;
    throw error;
  });
  return found?.sha256 === sha256 ? found : undefined;
}

async function fetchAndPublish(deps: DownloadDeps, bfb: Bfb, signal: AbortSignal): Promise<Fetched> {
  const { cluster, volume } = deps;
  const { uid = '', generation = 0 } = bfb.metadata;
  const wanted = wantedDigest(bfb);
  const [secret, caBundle] = await Promise.all([
    referred<Secret>(cluster, bfb, CORE.Secret, 'secretRef', signal),
    referred<ConfigMap>(cluster, bfb, CORE.ConfigMap, 'caBundleRef', signal),
  ]);
  const source = sourceOf(bfb, deps.urlRewrites, secret, caBundle);
  const file = await volume.partialPath(uid, generation);
  const fetched = await fetchImage({ source, file, free: () => volume.free(), limit: deps.limit, onProgress: deps.onProgress, signal });
  if (wanted && fetched.sha256 !== wanted) {
    await volume.removePartials(uid);
    throw new DownloadFailure('DigestMismatch', `the download has sha256 ${fetched.sha256}, spec.sha256 asks for ${wanted}`);
  }
  await volume.publish(file, fetched.sha256);
  await volume.removePartials(uid);
  return fetched;
}

/** The digest that the spec asks for, as digests are written everywhere else: the spec may use capitals. */
const wantedDigest = (bfb: Bfb): string | undefined => bfb.spec.sha256?.toLowerCase();

/** The object that a field of the spec names. @throws DownloadFailure SourceSecretInvalid, ApiError */
async function referred<T extends KubeObject>(
  cluster: Pick<Cluster, 'resource'>,
  bfb: Bfb,
  kind: KindInfo,
  field: 'secretRef' | 'caBundleRef',
  signal: AbortSignal,
): Promise<T | undefined> {
  const name = bfb.spec[field]?.name;
  if (name === undefined) return undefined;
  try {
    return await cluster.resource<T>(kind).get({ namespace: bfb.metadata.namespace ?? '', name }, { signal });
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new DownloadFailure('SourceSecretInvalid', `bfb-downloader may not read ${kind.kind} ${name} (spec.${field})`);
  }
}
