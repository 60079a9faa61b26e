/** The life of a Helm release, with the real helm. */
import { join } from 'node:path';
import type { Case, KubectlStep } from '../case.ts';

const CHART = join(import.meta.dirname, '../chart');
const run = (helm: string, more: Partial<KubectlStep> = {}): KubectlStep => ({ tool: 'helm', kubectl: helm, ...more });
const shows = (value: string) => ({ ask: 'GET {core}/configmaps/{name}', code: 200, answer: { data: { value } } });

export const helm: Case[] = [
  {
    says: 'helm installs, shows, upgrades, rolls back and uninstalls a release',
    steps: [
      run(`install {name} ${CHART} --set value=one`, { out: /STATUS: deployed/ }),
      shows('one'),
      run('list', { out: /{name}\s+{ns}\s+1\s+.*deployed/ }),
      run(`upgrade {name} ${CHART} --set value=two`, { out: /REVISION: 2/ }),
      shows('two'),
      run('rollback {name} 1', { out: /Rollback was a success/ }),
      shows('one'),
      run('uninstall {name}', { out: 'release "{name}" uninstalled\n' }),
      { ask: 'GET {core}/configmaps/{name}', code: 404 },
    ],
  },
];
