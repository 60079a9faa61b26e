/** The host cluster and a tenant cluster: API servers, and what an administrator would have made in them before we come. */
import type { Secret } from '@dpf/api';
import { controlPlaneAssets } from '@dpf/control-plane';
import { CORE } from '@dpf/kube';
import { tenantKubeconfig } from './accounts.ts';
import { NAMESPACE, TENANT, type ControlPlane, type ControlPlaneProvider } from './control-plane.ts';
import { EMBEDDED } from './embedded.ts';
import { realControlPlanes } from './real.ts';

/** @param hosts names of the host Nodes to register */
export async function startControlPlanes<P extends ControlPlane>(
  provider: ControlPlaneProvider<P>,
  folder: string,
  hosts: readonly string[],
): Promise<{ host: P; tenant: P }> {
  const [host, tenant] = await Promise.all([provider.start(folder, 'host'), provider.start(folder, 'tenant')]);
  const namespaces = host.cluster.resource(CORE.Namespace);
  await Promise.all([NAMESPACE, TENANT.namespace].map((name) => namespaces.create({ metadata: { name } })));
  await host.cluster.resource<Secret>(CORE.Secret).create({
    metadata: { name: `${TENANT.name}-admin-kubeconfig`, namespace: TENANT.namespace },
    data: { 'admin.conf': Buffer.from(tenantKubeconfig(tenant)).toString('base64') },
  });
  await provider.grantAccess(host);
  for (const [i, name] of hosts.entries()) await provider.joinHost(host, name, `10.0.${i >> 8}.${(i & 255) + 1}`);
  return { host, tenant };
}

export const CONTROL_PLANES = ['embedded', 'real'] as const;

/**
 * @param say told what is being built, where that is needed
 * @param options `faults`: the API servers can be made to misbehave
 * @throws Error that says how to get what a real control plane needs
 */
export async function providerOf(
  kind: string,
  say: (line: string) => void,
  options: { faults?: boolean } = {},
): Promise<ControlPlaneProvider<ControlPlane>> {
  if (kind === 'embedded') return EMBEDDED;
  const found = await controlPlaneAssets(say);
  if ('skip' in found) throw new Error(found.skip);
  return realControlPlanes(found.folder, options);
}
