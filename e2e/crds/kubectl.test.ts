/** Our kinds as an administrator meets them: the definitions install without a word of warning, kubectl explains every field, the examples apply. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GROUP, KINDS, VERSION } from '@dpf/api';
import { parseAllDocuments } from 'yaml';
import { readCrds, type Schema } from '../../hack/generate-types.ts';
import { kubectlPath } from '../../hack/kubectl.ts';
import type { Body } from '../../sim/kube-sim/test/client.ts';
import type { Kind } from './rows/row.ts';
import { CRDS, definitionOf, onBothServers, pathOf, refusal, type Server } from './servers.ts';

const KIND_NAMES = Object.keys(KINDS) as Kind[];
const SAMPLES = join(CRDS, 'samples');
const FOUNDING = join(SAMPLES, 'founding-document.yaml');
const documents = (file: string): Body[] => parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Body);
const run = promisify(execFile);

onBothServers((server) => {
  const home = mkdtempSync(join(tmpdir(), 'crds-kubectl-'));
  let binary: string;
  beforeAll(async () => {
    binary = await kubectlPath();
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'config'), server().kubeconfig);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const env = { HOME: home, KUBECONFIG: join(home, 'config'), KUBECACHEDIR: join(home, 'cache'), PATH: '/usr/bin:/bin' };
  /** What kubectl prints, standard error after standard output; throws when it fails. */
  const kubectl = async (...argv: string[]): Promise<string> => {
    const { stdout, stderr } = await run(binary, argv, { env });
    return stdout + stderr;
  };

  describe('the definitions', () => {
    test('install without a warning, within the budget of their rules', () => {
      expect(server().installed.map(({ code, headers, text }) => [code === 201 ? code : text, headers['warning']])).toEqual(
        KIND_NAMES.map(() => [201, undefined]),
      );
    });
    test.each(KIND_NAMES)('%s is established and structural', async (kind) => {
      const conditions = (await definitionOf(server(), kind))['status'].conditions as Body[];
      const found = Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
      expect(found).toMatchObject({ Established: 'True', NamesAccepted: 'True' });
      expect(
        conditions.filter(({ type, status }) => /NonStructural|Terminating|KubernetesAPIApproval/.test(type) && status === 'True'),
      ).toEqual([]);
    });
    test('apply again and differ in nothing', async () => {
      const files = readdirSync(CRDS).filter((file) => file.endsWith('.yaml'));
      const definitions = files.flatMap((file) => ['-f', join(CRDS, file)]);
      await kubectl('apply', '--server-side', '--force-conflicts', ...definitions);
      expect(await kubectl('diff', '--server-side', '--force-conflicts', ...definitions)).toBe('');
    });
  });

  describe('explain', () => {
    test.each(KIND_NAMES)('every field of a %s is described in the OpenAPI document that kubectl reads', async (kind) => {
      const described = await publishedSchema(server(), kind);
      const fields = [...fieldsOf(rootOf(kind), '')].filter(([path]) => /^(spec|status)/.test(path));
      expect(fields.length).toBeGreaterThan(10);
      const wrong = fields.filter(([path, schema]) => at(described, path)?.description !== schema.description || !schema.description);
      expect(wrong.map(([path]) => path)).toEqual([]);
    });
    test.each(KIND_NAMES)('kubectl lists every field of a %s', async (kind) => {
      const text = await kubectl('explain', '--recursive', KINDS[kind].plural);
      const listed = new Set(text.split('\n').map((line) => /^ +(\S+)\t/.exec(line)?.[1]));
      const names = [...fieldsOf(rootOf(kind), '')].map(([path]) =>
        path
          .split('.')
          .at(-1)!
          .replaceAll(/\[\]|\{\}/g, ''),
      );
      expect(names.filter((name) => !listed.has(name))).toEqual([]);
    });
    test.each([
      ['bfbs.spec.url', 'Bfb', 'spec.url'],
      ['dpuflavors.spec.configFiles.permissions', 'DPUFlavor', 'spec.configFiles[].permissions'],
      ['dpusets.spec.strategy.rollingUpdate.maxUnavailable', 'DpuSet', 'spec.strategy.rollingUpdate.maxUnavailable'],
      ['dpus.status.operation.bootToLeave', 'Dpu', 'status.operation.bootToLeave'],
    ] as const)('kubectl explain %s', async (path, kind, field) => {
      const words = (text: string) => text.split(/\s+/).join(' ');
      expect(words(await kubectl('explain', path))).toContain(words(at(rootOf(kind), field)!.description!));
    });
  });

  describe('the examples', () => {
    test.each(
      readdirSync(SAMPLES).flatMap((file) =>
        documents(join(SAMPLES, file)).map((object) => [file, object['metadata'].name as string, object] as const),
      ),
    )('%s: %s is accepted by the letter', async (_, name, object) => {
      const answer = await server().client.post(`${pathOf(object['kind'] as Kind)}?dryRun=All&fieldValidation=Strict`, object);
      expect(answer.code === 201 ? [] : refusal(answer, object['kind'] as Kind, name)).toEqual([]);
      expect(answer.headers['warning']).toBeUndefined();
      expect(answer.body['spec']).toMatchObject(object['spec'] as Body);
    });
    test('the founding document applies from the client, and then differs in nothing', async () => {
      const objects = documents(FOUNDING).map(({ kind, metadata }) => `${String(kind).toLowerCase()}.${GROUP}/${metadata.name}`);
      expect(await kubectl('apply', '-f', FOUNDING)).toBe(objects.map((object) => `${object} created\n`).join(''));
      expect(await kubectl('apply', '-f', FOUNDING)).toBe(objects.map((object) => `${object} unchanged\n`).join(''));
      expect(await kubectl('diff', '-f', FOUNDING)).toBe('');
      await kubectl('delete', '-f', FOUNDING);
    });
    test('the founding document applies on the server, and then differs in nothing', async () => {
      const objects = documents(FOUNDING).map(({ kind, metadata }) => `${String(kind).toLowerCase()}.${GROUP}/${metadata.name}`);
      expect(await kubectl('apply', '--server-side', '-f', FOUNDING)).toBe(
        objects.map((object) => `${object} serverside-applied\n`).join(''),
      );
      expect(await kubectl('diff', '--server-side', '-f', FOUNDING)).toBe('');
      expect(await kubectl('diff', '-f', FOUNDING)).toBe('');
      await kubectl('delete', '-f', FOUNDING);
    });
    test('what a user reads of a mistake', async () => {
      const broken = join(home, 'broken.yaml');
      writeFileSync(broken, readFileSync(FOUNDING, 'utf8').replace('doca-24.04.bfb', 'images/doca-24.04.bfb').replace('10%', '0%'));
      const said = await kubectl('apply', '-f', broken).catch((error: { stderr: string }) => error.stderr);
      expect(said).toContain('fileName must be a name without folders that ends in .bfb');
      expect(said).toContain('maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%');
      await kubectl('delete', '--ignore-not-found', '-f', broken);
    });
  });
});

const rootOf = (kind: Kind): Schema => readCrds().find(({ spec }) => spec.names.kind === kind)!.spec.versions[0]!.schema.openAPIV3Schema;

/** Every field below a schema with its path; `[]` are items, `{}` values. */
function* fieldsOf(schema: Schema, path: string): Generator<[string, Schema]> {
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const here = path ? `${path}.${name}` : name;
    yield [here, child];
    yield* fieldsOf(child, here);
  }
  if (schema.items) yield* fieldsOf(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* fieldsOf(schema.additionalProperties, `${path}{}`);
}

const at = (root: Schema, path: string): Schema | undefined =>
  path
    .replaceAll(/\[\]|\{\}/g, '.$&')
    .split('.')
    .reduce<Schema | undefined>(
      (schema, step) => (step === '[]' ? schema?.items : step === '{}' ? schema?.additionalProperties : schema?.properties?.[step]),
      root,
    );

/** The schema of a kind in the OpenAPI v3 document of our group, which a real server publishes a moment after it serves the kind. */
async function publishedSchema({ client }: Server, kind: Kind): Promise<Schema> {
  for (const end = Date.now() + 20_000; ;) {
    const { body } = await client.get(`/openapi/v3/apis/${GROUP}/${VERSION}`);
    const schemas = (body['components']?.schemas ?? {}) as Record<string, Schema & { 'x-kubernetes-group-version-kind'?: Body[] }>;
    const found = Object.values(schemas).find((schema) =>
      schema['x-kubernetes-group-version-kind']?.some((other) => other['kind'] === kind),
    );
    if (found) return found;
    if (Date.now() > end) throw new Error(`the OpenAPI document of ${GROUP}/${VERSION} has no ${kind}`);
  }
}
