/** The pages are true: links lead somewhere, tables are those of the catalogue, and commands run, on a real API server that has no kubelets. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { knownAssets, startControlPlane, type ControlPlane } from '../../hack/control-plane/src/index.ts';
import { helmPath } from '../../hack/kubectl.ts';
import { REASONS } from '../../libs/api/src/reasons.ts';
import { generated, PAGE } from '../generate.ts';
import { anchorsOf, blocksOf, DOCS, ORDER, pages, textOf, type Block } from './pages.ts';

const run = promisify(execFile);
const assets = knownAssets('api');
const real = 'folder' in assets ? describe : describe.skip;
const REPOSITORY = dirname(DOCS);

test('every block says what is done with it, and one that is not run says why', () => {
  const marks = pages().flatMap((page) => blocksOf(page).map(({ line, language, mark }) => `${page}:${line} ${language} ${mark}`));
  const known = / (sh (run|not-run: \S.+)|yaml (apply|values=[\w-]+\.yaml)|text )$/;
  expect(marks.filter((mark) => !known.test(mark))).toEqual([]);
  expect(pages().sort()).toEqual(['README.md', ...ORDER.map((page) => `${page}.md`)].sort());
});

test.each([...pages(), '../README.md'])('links of %s lead somewhere', (page) => {
  const broken = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)].filter(([, path, anchor]) => {
    const file = path ? resolve(dirname(join(DOCS, page)), path) : join(DOCS, page);
    return !existsSync(file) || (anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor));
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

describe('troubleshooting', () => {
  test('has the tables of the catalogue (npm run generate)', async () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(await generated());
  });
  test('has every reason once', () => {
    const named = [...textOf('troubleshooting.md').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual(Object.keys(REASONS).sort());
  });
});

real('the commands', () => {
  let plane: ControlPlane;
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  const shell = async (script: string) => {
    try {
      return (await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env: environment, maxBuffer: 1 << 26 })).stdout;
    } catch (error) {
      const { stdout, stderr, message } = error as Error & { stdout: string; stderr: string };
      throw new Error(`${message}\n${stdout}${stderr}`, { cause: error });
    }
  };

  beforeAll(async () => {
    if (!('folder' in assets)) return;
    plane = await startControlPlane({ assets: assets.folder, name: 'docs', controllers: false });
    // The repository, with room for the files that a page has its reader write.
    folder = mkdtempSync(join(tmpdir(), 'dpf-docs-'));
    for (const name of readdirSync(REPOSITORY)) symlinkSync(join(REPOSITORY, name), join(folder, name));
    writeFileSync(join(folder, 'kubeconfig'), plane.adminKubeconfig, { mode: 0o600 });
    const path = [dirname(await helmPath()), dirname(process.execPath), process.env['PATH']].join(delimiter);
    const own = { HELM_CACHE_HOME: join(folder, 'helm'), HELM_CONFIG_HOME: join(folder, 'helm'), HELM_DATA_HOME: join(folder, 'helm') };
    environment = { ...process.env, ...own, PATH: path, KUBECONFIG: join(folder, 'kubeconfig') };
  });
  afterAll(async () => {
    await plane?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const doing: Record<string, (block: Block) => Promise<void>> = {
    run: async ({ text }) => void (await shell(text)),
    apply: async ({ text }) => {
      writeFileSync(join(folder, 'block.yaml'), text);
      await shell('kubectl apply --dry-run=server --filename block.yaml');
    },
    values: async ({ text, mark }) => {
      const file = mark.slice('values='.length);
      writeFileSync(join(folder, file), text);
      await shell(`helm template dpf-provisioning charts/dpf-provisioning --namespace dpf-provisioning --values ${file}`);
      expect(statSync(join(folder, file)).size).toBe(Buffer.byteLength(text));
    },
  };
  const blocks = ORDER.flatMap((page) => blocksOf(`${page}.md`)).filter(({ mark }) => mark !== '' && !mark.startsWith('not-run'));
  test.each(blocks.map((block) => ({ ...block, first: block.text.split('\n')[0] })))('$page:$line $first', async (block) => {
    await doing[block.mark.split('=')[0] ?? '']?.(block);
  });
});
