import type { TokenReviewResult } from './ports.ts';
import type { Transport } from './transport.ts';

interface TokenReview {
  status?: {
    authenticated?: boolean;
    error?: string;
    user?: { username?: string; uid?: string; extra?: Record<string, string[]> };
    audiences?: string[];
  };
}

/** Asks the API server whose token this is (authentication.k8s.io/v1 TokenReview). A review changes nothing, so it may be repeated. */
export async function reviewToken(
  transport: Transport,
  token: string,
  audiences: string[],
  signal?: AbortSignal,
): Promise<TokenReviewResult> {
  const { status = {} } = await transport.send<TokenReview>({
    verb: 'create',
    kind: 'TokenReview',
    target: 'TokenReview',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } },
    safe: true,
    signal,
  });
  const { authenticated = false, error, user = {}, audiences: valid } = status;
  return {
    authenticated,
    ...(error && { error }),
    ...(user.username && { username: user.username }),
    ...(user.uid && { uid: user.uid }),
    ...(valid && { audiences: valid }),
    ...(user.extra && { extra: user.extra }),
  };
}
