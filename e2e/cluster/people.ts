/** What people may do whom the chart's roles are bound to: asked of the API server with kubectl in their name, and not carried out. */
import { KINDS, type Dpu } from '@dpf/api';
import { NAMESPACE } from '../fleet/control-plane.ts';
import { example } from '../stories/example.ts';
import { RELEASE, type Installation } from './installation.ts';
import { must } from './provision.ts';

const MARK = 'dpf-e2e=people';
const DRY = '--dry-run=server';

/** The founding document's objects must stand in the cluster. */
export async function people({ kubectl, cluster, report }: Installation): Promise<void> {
  const { bfb, flavor, set } = example();
  const [dpu] = (await cluster.resource<Dpu>(KINDS.Dpu).list({ namespace: NAMESPACE })).items;
  const dpuName = dpu?.metadata.name ?? '';
  const actions: Record<string, string[]> = {
    'read Dpus': ['get', 'dpus'],
    'read sets': ['get', 'dpusets'],
    'read Bfbs': ['get', 'bfbs'],
    'read flavors': ['get', 'dpuflavors'],
    'change a set': ['label', 'dpuset', set.metadata.name, MARK, DRY],
    'delete a Bfb': ['delete', 'bfb', bfb.metadata.name, DRY],
    'delete a Dpu': ['delete', 'dpu', dpuName, DRY],
    'change a flavor': ['label', 'dpuflavor', flavor.metadata.name, MARK, DRY],
    'delete a flavor': ['delete', 'dpuflavor', flavor.metadata.name, DRY],
    'write a status': ['patch', 'dpu', dpuName, '--subresource=status', '--type=merge', '--patch={}', DRY],
    'read Secrets': ['get', 'secrets'],
    'read Nodes': ['get', 'nodes'],
  };
  const reads = ['read Dpus', 'read sets', 'read Bfbs', 'read flavors'];
  const mayOf: Record<string, string[]> = {
    viewer: reads,
    operator: [...reads, 'change a set', 'delete a Bfb', 'delete a Dpu'],
    'flavor-admin': ['read flavors', 'change a flavor', 'delete a flavor'],
  };
  const inNamespace = (...argv: string[]) => kubectl('--namespace', NAMESPACE, ...argv);
  await report.step('a viewer, an operator and a flavor admin may do what they should, and nothing else', async () => {
    const wrong: string[] = [];
    for (const [role, may] of Object.entries(mayOf)) {
      const person = `e2e-${role}`;
      await inNamespace('create', 'rolebinding', person, `--clusterrole=${RELEASE}-${role}`, `--user=${person}`);
      try {
        for (const [action, argv] of Object.entries(actions)) {
          const refused = await inNamespace(...argv, '--as', person).then(
            () => undefined,
            (error: Error) => error.message,
          );
          if (may.includes(action) && refused !== undefined) wrong.push(`${role} cannot ${action}: ${refused}`);
          if (!may.includes(action) && !refused?.includes('forbidden')) wrong.push(`${role} is not forbidden to ${action}`);
        }
      } finally {
        await inNamespace('delete', 'rolebinding', person);
      }
    }
    must(wrong);
  });
}
