/** helm uninstall, with DPUs that are Ready. */
import { KINDS, type KindInfo, type KubeObject, type Node } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { NAMESPACE, TENANT } from '../fleet/control-plane.ts';
import { RELEASE, type Installation } from './installation.ts';
import { must } from './provision.ts';

/** DPUFlavors stay with the CRDs: they are the user's, and nothing stands behind them. */
const REMOVED = [KINDS.DpuSet, KINDS.Dpu, KINDS.Bfb];
const OURS = /^(provisioning\.dpu\.nvidia\.com|feature\.node\.kubernetes\.io)\//;

export async function uninstall({ report, cluster, helm }: Installation): Promise<void> {
  await report.step('helm uninstall', () => helm('uninstall', RELEASE, '--wait', '--timeout', '290s'));
  await report.step('nothing but the CRDs and flavors is left', async () => {
    const found: string[] = [];
    const look = async (kind: KindInfo, namespace?: string) => {
      const { items } = await cluster.resource<KubeObject>(kind).list(namespace === undefined ? {} : { namespace });
      return items;
    };
    for (const kind of REMOVED) for (const { metadata } of await look(kind)) found.push(`${kind.kind} ${metadata.name}`);
    for (const kind of [CORE.Pod, CORE.Secret, CORE.ServiceAccount, CORE.Lease])
      for (const { metadata } of await look(kind, NAMESPACE))
        if (metadata.name.startsWith(RELEASE)) found.push(`${kind.kind} ${metadata.name}`);
    if ((await look(CORE.Namespace)).some(({ metadata }) => metadata.name === TENANT.namespace))
      found.push(`Namespace ${TENANT.namespace}`);
    for (const { metadata, spec } of (await look(CORE.Node)) as Node[]) {
      const keys = [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})].filter((key) => OURS.test(key));
      const taints = (spec?.taints ?? []).filter(({ key }) => key === 'dpu').map(({ key }) => `taint ${key}`);
      for (const what of [...keys, ...taints]) found.push(`${what} on Node ${metadata.name}`);
    }
    must(found.map((what) => `left: ${what}`));
  });
}
