/** The settings of dpu-controller. */
import { env } from '@dpf/service';

/** Which tenant namespaces may be used from which namespaces (`*`: all). */
export interface TenantGrant {
  namespace: string;
  usableFrom: string[];
}

export const CONFIG = {
  agentHost: ['AGENT_API_HOST', env.text('0.0.0.0')],
  agentPort: ['AGENT_API_PORT', env.integer({ min: 0, max: 65535, default: 8443 })],
  agentCertFile: ['AGENT_API_CERT_FILE', env.text()],
  agentKeyFile: ['AGENT_API_KEY_FILE', env.text()],
  agentAudience: ['AGENT_API_AUDIENCE', env.text('dpf-provisioning-agent')],
  /** `<namespace>/<name>` */
  agentServiceAccount: ['AGENT_SERVICE_ACCOUNT', env.text()],
  tenantClusters: ['TENANT_CLUSTERS', env.json(grants, [])],
  discovery: ['DISCOVERY', env.choice(['nfd', 'agent'], 'nfd')],
  maxParallelInstalls: ['MAX_PARALLEL_INSTALLS', limit()],
  maxUnavailableNodes: ['MAX_UNAVAILABLE_NODES', limit()],
  concurrency: ['CONCURRENCY', env.integer({ min: 1, max: 256, default: 16 })],
} as const;

/** A positive whole number; not set: no limit. */
function limit() {
  const read = env.integer({ min: 1 });
  return (text: string | undefined): number | undefined => (text === undefined ? undefined : read(text));
}

function grants(value: unknown): TenantGrant[] {
  const isGrant = (grant: unknown): grant is TenantGrant => {
    const { namespace, usableFrom } = (grant ?? {}) as Partial<TenantGrant>;
    return typeof namespace === 'string' && Array.isArray(usableFrom) && usableFrom.every((from) => typeof from === 'string');
  };
  if (!Array.isArray(value) || !value.every(isGrant)) throw new Error('must be a JSON list of {"namespace": "…", "usableFrom": ["…"]}');
  return value;
}
