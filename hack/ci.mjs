/** What CI runs: the checks, every test, the stories on a cluster. Prints `N passed, N failed` as its last line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const folder = mkdtempSync(join(tmpdir(), 'dpf-ci-'));
const results = join(folder, 'results.json');
const clusterResults = join(folder, 'cluster.json');
const npm = (...argv) => spawnSync('npm', ['run', '--silent', ...argv], { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;

const check = npm('check');
const test = npm('test', '--', '--json', `--outputFile=${results}`);
// Those that take minutes, and disturb on purpose, are told by hand.
const cluster = npm('e2e:cluster', '--', '--stories=provision,uninstall', `--output=${clusterResults}`);
let passed = 0;
let failed;
let skipped = 0;
try {
  const report = JSON.parse(readFileSync(results, 'utf8'));
  passed = report.numPassedTests;
  // A file that could not even be loaded has no failed test of its own.
  failed =
    report.numFailedTests + report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  skipped = report.numPendingTests + report.numTodoTests;
  for (const line of failures(report)) console.log(line);
} catch {
  failed = 1;
}
try {
  const told = JSON.parse(readFileSync(clusterResults, 'utf8'));
  passed += told.passed;
  failed += told.failed;
  skipped += told.skipped;
} catch {
  failed += 1;
}
rmSync(folder, { recursive: true });
if (check !== 0) failed += 1;
if ((test !== 0 || cluster !== 0) && failed === 0) failed = 1;
console.log(check === 0 ? 'types, lint and format: clean' : 'types, lint or format: NOT clean (counted as one failure)');
console.log(skipped > 0 ? `${passed} passed, ${failed} failed, ${skipped} skipped` : `${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

/** What failed, a line each: the whole output is long, and its end is what people read. */
function failures({ testResults }) {
  return testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const told = assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages }) => [fullName, failureMessages[0]]);
      const gist = (text = '') => stripVTControlCharacters(text).trim().replaceAll(/\s+/g, ' ').slice(0, 300);
      return (told.length > 0 ? told : [['could not be run', message]]).map(
        ([what, why]) => `FAILED ${relative(process.cwd(), name)}: ${what}: ${gist(why)}`,
      );
    });
}
