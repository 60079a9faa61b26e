/** Bootstrap tokens of DPUs: Secrets in kube-system of the tenant cluster, one per Dpu and attempt, found again by their labels. */
import { randomInt } from 'node:crypto';
import { GROUP, TENANT_NODE_LABELS, type Secret } from '@dpf/api';
import { isAlreadyExists, isConflict, isNotFound, type ResourceClient } from '@dpf/kube';
import type { TenantUser } from '../ports.ts';

const NAMESPACE = 'kube-system';
const ATTEMPT_LABEL = `${GROUP}/attempt`;
/** A token lives an hour, and gets another one while its DPU has not joined. */
const LIFETIME_MS = 3_600_000;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

export interface TokenOptions {
  now: () => number;
  signal?: AbortSignal;
}

/** The token of this Dpu and attempt, made or extended; those of earlier attempts are deleted. */
export async function ensureToken(
  secrets: ResourceClient<Secret>,
  user: TenantUser,
  attempt: number,
  options: TokenOptions,
): Promise<string> {
  const all = await tokensOf(secrets, user, options.signal);
  const isOld = ({ metadata }: Secret) => Number(metadata.labels?.[ATTEMPT_LABEL]) < attempt;
  for (const old of all.filter(isOld)) await remove(secrets, old, options.signal);
  // Two replicas may have made one each: which of them is in bf.cfg is not known here, so that both live.
  const present = all.filter(isOfAttempt(attempt));
  for (const secret of present) await extend(secrets, secret, options);
  const [first] = present;
  return first ? tokenIn(first) : createToken(secrets, user, attempt, options);
}

/**
 * The tokens of this Dpu and attempt for another hour. One that is gone stays gone: the DPU has joined, or was given up.
 * @returns when they are to be extended next, in milliseconds since 1970
 */
export async function extendTokens(
  secrets: ResourceClient<Secret>,
  user: TenantUser,
  attempt: number,
  options: TokenOptions,
): Promise<number> {
  const all = await tokensOf(secrets, user, options.signal);
  let end = options.now() + LIFETIME_MS;
  for (const secret of all.filter(isOfAttempt(attempt))) end = Math.min(end, await extend(secrets, secret, options));
  return end - LIFETIME_MS / 2;
}

const isOfAttempt =
  (attempt: number) =>
  ({ metadata }: Secret): boolean =>
    metadata.labels?.[ATTEMPT_LABEL] === String(attempt);

/** Deletes every token of this Dpu, whatever the attempt. */
export async function deleteTokens(secrets: ResourceClient<Secret>, user: TenantUser, signal?: AbortSignal): Promise<void> {
  for (const secret of await tokensOf(secrets, user, signal)) await remove(secrets, secret, signal);
}

async function tokensOf(secrets: ResourceClient<Secret>, user: TenantUser, signal?: AbortSignal): Promise<Secret[]> {
  const labelSelector = `${TENANT_NODE_LABELS.dpuUid}=${user.uid}`;
  const { items } = await secrets.list({ namespace: NAMESPACE, labelSelector, signal });
  const tokens = items.filter(({ metadata }) => metadata.name.startsWith('bootstrap-token-') && metadata.deletionTimestamp === undefined);
  return tokens.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

async function createToken(secrets: ResourceClient<Secret>, user: TenantUser, attempt: number, options: TokenOptions): Promise<string> {
  const { now, signal } = options;
  const [id, secret] = [random(6), random(16)];
  try {
    await secrets.create(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'bootstrap.kubernetes.io/token',
        metadata: {
          name: `bootstrap-token-${id}`,
          namespace: NAMESPACE,
          labels: { [TENANT_NODE_LABELS.dpuUid]: user.uid, [ATTEMPT_LABEL]: String(attempt) },
        },
        data: encoded({
          'token-id': id,
          'token-secret': secret,
          expiration: expiry(now()),
          'usage-bootstrap-authentication': 'true',
          'usage-bootstrap-signing': 'true',
          'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
          description: `DPU ${user.namespace}/${user.name}, attempt ${attempt}`,
        }),
      },
      { signal },
    );
  } catch (error) {
    // The id is taken: another one is drawn.
    if (isAlreadyExists(error)) return createToken(secrets, user, attempt, options);
    throw error;
  }
  return `${id}.${secret}`;
}

/** The same token for another hour, once less than half of the last one is left. Returns its end. */
async function extend(secrets: ResourceClient<Secret>, secret: Secret, { now, signal }: TokenOptions): Promise<number> {
  const end = Date.parse(decoded(secret, 'expiration'));
  if (end - now() > LIFETIME_MS / 2) return end;
  const { name, uid, resourceVersion } = secret.metadata;
  const patch = { metadata: { uid }, data: encoded({ expiration: expiry(now()) }) };
  try {
    await secrets.patch({ namespace: NAMESPACE, name }, patch, { resourceVersion, signal });
    return now() + LIFETIME_MS;
  } catch (error) {
    // Another replica extended it, or it was deleted since.
    if (!isConflict(error) && !isNotFound(error)) throw error;
    return end;
  }
}

async function remove(secrets: ResourceClient<Secret>, { metadata: { name, uid } }: Secret, signal?: AbortSignal): Promise<void> {
  try {
    await secrets.delete({ namespace: NAMESPACE, name }, { uid, signal });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

const tokenIn = (secret: Secret): string => `${decoded(secret, 'token-id')}.${decoded(secret, 'token-secret')}`;
const expiry = (now: number): string => new Date(now + LIFETIME_MS).toISOString().replace(/\.\d{3}Z$/, 'Z');
const random = (length: number): string => Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
const encoded = (data: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
const decoded = ({ data }: Secret, key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString();
