/** helm uninstall, with DPUs that are Ready. */
import { TENANT } from '../fleet/control-plane.ts';
import type { Installation } from './installation.ts';
import { mustBeGone } from './remains.ts';

export async function uninstall(installation: Installation): Promise<void> {
  const { report, helm, place } = installation;
  await report.step('helm uninstall', () => helm('uninstall', place.release, '--wait', '--timeout', '290s'));
  await report.step('nothing but the CRDs is left', () => mustBeGone(installation, TENANT.namespace));
}
