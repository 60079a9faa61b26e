/** The settings of dpu-controller. */
import { env, EVERY_ADDRESS } from '@dpf/service';
import { checkGrants } from './tenant/index.ts';

export const CONFIG = {
  agentHost: ['AGENT_API_HOST', env.text(EVERY_ADDRESS)],
  agentPort: ['AGENT_API_PORT', env.integer({ min: 0, max: 65535, default: 8443 })],
  agentCertFile: ['AGENT_API_CERT_FILE', env.text()],
  agentKeyFile: ['AGENT_API_KEY_FILE', env.text()],
  agentAudience: ['AGENT_API_AUDIENCE', env.text('dpf-provisioning-agent')],
  /** `<namespace>/<name>` */
  agentServiceAccount: ['AGENT_SERVICE_ACCOUNT', env.text()],
  tenantClusters: ['TENANT_CLUSTERS', env.json(checkGrants, [])],
  discovery: ['DISCOVERY', env.choice(['nfd', 'agent'], 'nfd')],
  maxParallelInstalls: ['MAX_PARALLEL_INSTALLS', limit()],
  maxUnavailableNodes: ['MAX_UNAVAILABLE_NODES', limit()],
  /** How long an operation may wait for the agent of its host before that one is told to be silent (2 min). */
  agentSilentSeconds: ['AGENT_SILENT_SECONDS', env.integer({ min: 1, max: 3_600, default: 120 })],
  concurrency: ['CONCURRENCY', env.integer({ min: 1, max: 256, default: 16 })],
} as const;

/** A positive whole number; not set: no limit. */
function limit() {
  const read = env.integer({ min: 1 });
  return (text: string | undefined): number | undefined => (text === undefined ? undefined : read(text));
}
