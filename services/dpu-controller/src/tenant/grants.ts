/** Which tenant namespaces may be used from where: the chart value `tenantClusters`, which also makes the Roles. Without a grant nothing is read there. */

export interface TenantGrant {
  /** Where the clusters (and the Secrets with their kubeconfigs) are. */
  namespace: string;
  /** Namespaces whose Dpus may join them; `*`: all. */
  usableFrom: string[];
}

/** Checks the value of TENANT_CLUSTERS. @throws Error that says what is expected */
export function checkGrants(value: unknown): TenantGrant[] {
  if (!Array.isArray(value) || !value.every(isGrant))
    throw new Error('must be a list like [{"namespace":"tenant-00-ns","usableFrom":["*"]}]');
  return value;
}

const isGrant = (value: unknown): value is TenantGrant => {
  const { namespace, usableFrom } = (value ?? {}) as Partial<TenantGrant>;
  return typeof namespace === 'string' && Array.isArray(usableFrom) && usableFrom.every((one) => typeof one === 'string');
};

/** Why a namespace may not use the clusters of another; undefined: it may. */
export function refusal(grants: readonly TenantGrant[], clusterNamespace: string, userNamespace: string): string | undefined {
  const grant = grants.find(({ namespace }) => namespace === clusterNamespace);
  if (grant?.usableFrom.some((from) => from === '*' || from === userNamespace)) return undefined;
  const value = `tenantClusters: [{namespace: ${clusterNamespace}, usableFrom: [${[...(grant?.usableFrom ?? []), userNamespace].join(', ')}]}]`;
  return `the clusters of namespace ${clusterNamespace} may not be used from namespace ${userNamespace}; set the chart value ${value}`;
}
