/** The tenant cluster of the simulator, reached through a port that kubectl forwards. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { KubeObject, Node } from '@dpf/api';
import { CORE, type Cluster } from '@dpf/kube';
import { kubectlPath } from '../../hack/kubectl.ts';
import { NAMESPACE, TENANT } from '../fleet/control-plane.ts';
import { kubectlFor } from '../fleet/kubectl.ts';

/** The Nodes that DPUs have in the tenant cluster. */
export async function tenantNodes(cluster: Cluster, kubeconfig: string): Promise<Node[]> {
  const ref = { namespace: TENANT.namespace, name: `${TENANT.name}-admin-kubeconfig` };
  const secret = await cluster.resource<KubeObject & { data?: Record<string, string> }>(CORE.Secret).get(ref);
  if (!secret) throw new Error(`there is no Secret ${ref.namespace}/${ref.name}`);
  const folder = mkdtempSync(join(tmpdir(), 'dpf-tenant-'));
  const service = 'service/dpf-provisioning-simulator-tenant';
  const forward = spawn(await kubectlPath(), ['--kubeconfig', kubeconfig, '-n', NAMESPACE, 'port-forward', service, ':6443'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: forward.stdout }).on('line', (line) => {
        const [, found] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
        if (found !== undefined) resolve(found);
      });
      forward.on('exit', (code) => reject(new Error(`kubectl port-forward ended with ${code}`)));
    });
    const file = join(folder, 'admin.conf');
    writeFileSync(file, Buffer.from(secret.data?.['admin.conf'] ?? '', 'base64'), { mode: 0o600 });
    const list = await (await kubectlFor(file))(`--server=https://127.0.0.1:${port}`, 'get', 'nodes', '-o', 'json');
    return (JSON.parse(list) as { items: Node[] }).items;
  } finally {
    forward.kill();
    rmSync(folder, { recursive: true });
  }
}

export const isNodeReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
