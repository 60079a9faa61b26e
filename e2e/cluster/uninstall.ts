/** helm uninstall, with DPUs that are Ready. */
import { TENANT } from '../fleet/control-plane.ts';
import { uninstall as helmUninstall, type Installation } from './installation.ts';
import { mustBeGone } from './remains.ts';

export async function uninstall(installation: Installation): Promise<void> {
  const { report } = installation;
  await report.step('helm uninstall', () => helmUninstall(installation));
  await report.step('nothing but the CRDs is left', () => mustBeGone(installation, TENANT.namespace));
}
