/** Who is calling: a bearer token → the node that its agent runs on. The API server is asked; nothing is believed of the token itself. */
import { createHash } from 'node:crypto';
import type { Pod } from '@dpf/api';
import { CORE, type Cluster, type TokenReviewResult } from '@dpf/kube';

/** Not an agent of ours (401), or an agent that cannot be placed on a node (403). The message is for the agent's log. */
export class NotAuthenticated extends Error {
  override readonly name = 'NotAuthenticated';
  readonly status: 401 | 403;
  constructor(status: 401 | 403, message: string) {
    super(message);
    this.status = status;
  }
}

export interface IdentityOptions {
  /** Where tokens are reviewed and Pods are read. */
  cluster: Pick<Cluster, 'reviewToken' | 'resource'>;
  /** Tokens must be made for this audience: one that leaks elsewhere is worth nothing here, and ours nothing elsewhere. */
  audience: string;
  /** `<namespace>/<name>` of the service account of the agents. */
  serviceAccount: string;
  /** Milliseconds since 1970; default: the system's clock. */
  now?: () => number;
}

export interface Identities {
  /**
   * The node of the agent that presents this Authorization header.
   * @throws NotAuthenticated; whatever the API server's client throws when it cannot be asked
   */
  nodeOf(authorization: string | undefined, signal: AbortSignal): Promise<string>;
}

/** A revoked token is refused at most this much later; a fleet costs one review per agent and minute. */
const KNOWN_MS = 60_000;
/** A refused token is not reviewed again at once, and may yet become good (the API server lagged behind). */
const REFUSED_MS = 5_000;
const CACHED_TOKENS = 10_000;
const EXTRA = 'authentication.kubernetes.io/';

type Verdict = { node: string } | { refused: NotAuthenticated };

/** Identities by TokenReview, remembered by the token's hash for a minute. */
export function createIdentities(options: IdentityOptions): Identities {
  const { now = Date.now } = options;
  const known = new Map<string, { verdict: Verdict; until: number }>();
  const asked = new Map<string, Promise<Verdict>>();

  const review = async (token: string, signal: AbortSignal): Promise<Verdict> => {
    try {
      return { node: await nodeOfToken(token, options, signal) };
    } catch (error) {
      if (error instanceof NotAuthenticated) return { refused: error };
      throw error;
    }
  };
  const remember = (hash: string, verdict: Verdict) => {
    if (known.size >= CACHED_TOKENS) for (const [key, { until }] of known) if (until <= now()) known.delete(key);
    if (known.size >= CACHED_TOKENS) known.clear();
    known.set(hash, { verdict, until: now() + ('node' in verdict ? KNOWN_MS : REFUSED_MS) });
  };
  return {
    async nodeOf(authorization, signal) {
      // Bounded, and of the shape of a JWT: anything else is not worth a request.
      const token = /^Bearer ([\w-]{1,4096}\.[\w-]{1,8192}\.[\w-]{1,4096})$/.exec(authorization ?? '')?.[1];
      if (token === undefined) throw new NotAuthenticated(401, 'the request carries no service-account token');
      const hash = createHash('sha256').update(token).digest('hex');
      const cached = known.get(hash);
      if (cached && cached.until > now()) return answer(cached.verdict);
      // One review for all requests that wait for the same token.
      let verdict = asked.get(hash);
      if (!verdict) {
        verdict = review(token, signal).finally(() => asked.delete(hash));
        asked.set(hash, verdict);
        void verdict.then((known) => remember(hash, known)).catch(() => undefined);
      }
      return answer(await verdict);
    },
  };
}

function answer(verdict: Verdict): string {
  if ('refused' in verdict) throw verdict.refused;
  return verdict.node;
}

async function nodeOfToken(token: string, { cluster, audience, serviceAccount }: IdentityOptions, signal: AbortSignal): Promise<string> {
  const review = await cluster.reviewToken(token, [audience], { signal });
  if (!review.authenticated || !review.audiences?.includes(audience))
    throw new NotAuthenticated(401, `the token is not valid for audience ${audience}`);
  const [namespace = '', name = ''] = serviceAccount.split('/');
  if (review.username !== `system:serviceaccount:${namespace}:${name}`)
    throw new NotAuthenticated(403, `${review.username ?? 'the caller'} is not the service account ${serviceAccount} of the agents`);
  return extra(review, 'node-name') ?? (await nodeOfPod(review, namespace, cluster, signal));
}

/** API servers before 1.32 do not put the node into the token: the Pod that it is bound to tells. */
async function nodeOfPod(
  review: TokenReviewResult,
  namespace: string,
  cluster: IdentityOptions['cluster'],
  signal: AbortSignal,
): Promise<string> {
  const [name, uid] = [extra(review, 'pod-name'), extra(review, 'pod-uid')];
  if (name === undefined || uid === undefined) throw new NotAuthenticated(403, 'the token is not bound to a Pod, so it speaks for no node');
  const pod = await cluster.resource<Pod>(CORE.Pod).get({ namespace, name }, { signal });
  if (!pod || pod.metadata.uid !== uid) throw new NotAuthenticated(401, `Pod ${namespace}/${name}, which the token is bound to, is gone`);
  if (!pod.spec?.nodeName) throw new NotAuthenticated(403, `Pod ${namespace}/${name} runs on no node`);
  return pod.spec.nodeName;
}

const extra = (review: TokenReviewResult, key: string): string | undefined => review.extra?.[EXTRA + key]?.[0] || undefined;
