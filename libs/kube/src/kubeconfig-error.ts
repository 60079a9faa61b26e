/** The configuration does not say how to reach the cluster, or as whom. The message says which part, never a secret. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}
