/** The rights that the chart grants against those that the services used in all stories before (S03, S04). */
import { parseAllDocuments } from 'yaml';
import { readAudit } from '../fleet/audit.ts';
import { grantedRights, usedRights, type ChartObject } from '../fleet/rights.ts';
import { chartWithValues, type Installation } from './installation.ts';
import { must } from './provision.ts';

const REPEATED = 'an Event that repeats is counted up; whether one does within a run is chance';
const REFERENCES = 'a flavor or a Bfb may refer to a ConfigMap; those of the stories do not';
/** What no story needs for sure, and why it is granted all the same. */
const RESERVED: Record<string, string> = {
  'bfb-downloader: get events': REPEATED,
  'bfb-downloader: patch events': REPEATED,
  'dpu-controller: get events': REPEATED,
  'dpu-controller: patch events': REPEATED,
  'dpuset-controller: get events': REPEATED,
  'dpuset-controller: patch events': REPEATED,
  'bfb-downloader: get configmaps': REFERENCES,
  'dpu-controller: get configmaps': REFERENCES,
  'bfb-downloader: patch bfbs/status': 'the progress of a download that takes more than a moment',
  'dpu-controller: get pods': 'API servers before 1.32 do not say in a token on which node its Pod runs',
  'dpuset-controller: get dpus': 'looks at whoever bears the name of a Dpu that is to be made',
  'dpuset-controller: get nodes': 'looks again for a Node that the watch says is gone, before its Dpus go',
  'dpuset-controller: update dpusets/finalizers': 'OpenShift asks for it of whoever sets blockOwnerDeletion',
  'simulator-tenant: create secrets': 'server-side apply of a Secret that does not exist, which is audited as a patch',
};

export async function rights(installation: Installation): Promise<void> {
  const { report, helm, options, place } = installation;
  const { auditLog } = options;
  if (auditLog === undefined) return report.say('  no audit log: the rights of the services are not judged');
  await report.step('the services used what the chart grants, and nothing else', async () => {
    const { stdout } = await helm('template', ...chartWithValues(installation));
    const objects = parseAllDocuments(stdout)
      .map((document) => document.toJS() as ChartObject | null)
      .filter((object) => object !== null);
    const granted = grantedRights(objects, `${place.release}-`);
    const used = usedRights(await readAudit(auditLog), `${place.release}-`);
    const unused = [...granted].filter((right) => !used.has(right));
    must([
      ...unused.filter((right) => RESERVED[right] === undefined).map((right) => `not used: ${right}`),
      ...[...used].filter((right) => !granted.has(right)).map((right) => `not granted: ${right}`),
    ]);
    report.say(`  ${granted.size} rights, ${unused.length} of them kept in reserve`);
  });
}
