/** The rules in the CRDs, on an API server: what it accepts, fills in and refuses, and with which words. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { onRealApi, type ApiServer } from '../../../hack/control-plane/test/real-api.ts';
import { startKubeSim } from '../../../sim/kube-sim/src/index.ts';
import { ApiError, connect, type Cluster } from '../../kube/src/index.ts';
import { API_VERSION, KINDS, type Bfb, type DPUFlavor, type Dpu, type DpuSet, type KubeObject } from './index.ts';

const CRDS = join(import.meta.dirname, '../../../crds');
const SAMPLES = join(CRDS, 'samples');
const objects = (folder: string): KubeObject[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => document.toJS() as KubeObject));
const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
const namespace = 'dpf-provisioning';

type Kind = keyof typeof KINDS;
interface Refused {
  kind: Kind;
  spec: object;
  name?: string;
  says: RegExp;
}
const DIGEST = 'a'.repeat(64);
const template = (more: object = {}) => ({ dpuTemplate: { spec: { dpuFlavor: 'a', BFB: { bfb: 'b' }, ...more } } });
const select = { nodeSelector: { matchLabels: { a: 'b' } } };
const set = (more: object) => ({ ...select, ...template(), ...more });
const pace = (maxUnavailable: unknown) => set({ strategy: { rollingUpdate: { maxUnavailable } } });
const PERCENT = /maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%/;
const CONTENT = /configFiles: set exactly one of raw, secretRef and configMapRef/;
const EFFECT = /nodeEffect: set exactly one of taint, customLabel and noEffect: true/;
const SELECTOR = /nodeSelector must not be empty/;
const file = (more: object) => ({ configFiles: [{ path: '/a', operation: 'append', ...more }] });

const REFUSED: Record<string, Refused> = {
  'a url with credentials': { kind: 'Bfb', spec: { url: 'https://me:secret@h/x.bfb' }, says: /url must not carry credentials/ },
  'a url of another scheme': { kind: 'Bfb', spec: { url: 'ftp://h/x.bfb' }, says: /spec\.url/ },
  'a fileName with a path': { kind: 'Bfb', spec: { url: 'http://h/x.bfb', fileName: '../x.bfb' }, says: /spec\.fileName/ },
  'a digest that is none': { kind: 'Bfb', spec: { url: 'http://h/x.bfb', sha256: 'abc' }, says: /spec\.sha256/ },
  'a path that climbs': { kind: 'DPUFlavor', spec: file({ path: '/a/../b', raw: '' }), says: /path must not contain \. or \.\./ },
  'a file without content': { kind: 'DPUFlavor', spec: file({}), says: CONTENT },
  'a file with two contents': { kind: 'DPUFlavor', spec: file({ raw: '', secretRef: { name: 'a', key: 'b' } }), says: CONTENT },
  'a mode that is none': { kind: 'DPUFlavor', spec: file({ raw: '', permissions: '0888' }), says: /permissions/ },
  'two passwords': {
    kind: 'DPUFlavor',
    spec: { bfcfgParameters: ['ubuntu_PASSWORD=x'], passwordSecretRef: { name: 'a', key: 'b' } },
    says: /set the password once/,
  },
  'a reserved parameter': { kind: 'DPUFlavor', spec: { bfcfgParameters: ['DPF_ROOT=/'] }, says: /names that begin with DPF_ are reserved/ },
  'a parameter of two lines': { kind: 'DPUFlavor', spec: { bfcfgParameters: ['A=b\nc'] }, says: /bfcfgParameters/ },
  'a kernel parameter that a shell would run': {
    kind: 'DPUFlavor',
    spec: { grub: { kernelParameters: ['a=$(id)'] } },
    says: /kernelParameters/,
  },
  'a device named twice': { kind: 'DPUFlavor', spec: { nvconfig: [{ parameters: ['A=1'] }, { device: '*' }] }, says: /Duplicate value/ },
  'a channel beyond the VFs': {
    kind: 'DPUFlavor',
    spec: { hostNetwork: { numberOfVfs: 2, channelVf: 2 } },
    says: /channelVf must be less than numberOfVfs/,
  },
  'no selector': { kind: 'DpuSet', spec: { nodeSelector: {}, ...template() }, says: SELECTOR },
  'an empty selector': { kind: 'DpuSet', spec: { nodeSelector: { matchLabels: {}, matchExpressions: [] }, ...template() }, says: SELECTOR },
  'a label that is none': {
    kind: 'DpuSet',
    spec: { nodeSelector: { matchLabels: { 'a b': 'c' } }, ...template() },
    says: /nodeSelector\.matchLabels: a key must be/,
  },
  'In without values': {
    kind: 'DpuSet',
    spec: set({ nodeSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
    says: /In and NotIn need values/,
  },
  'an empty node effect': { kind: 'DpuSet', spec: { ...select, ...template({ nodeEffect: {} }) }, says: EFFECT },
  'two node effects': {
    kind: 'DpuSet',
    spec: { ...select, ...template({ nodeEffect: { noEffect: true, taint: { key: 'a', effect: 'NoExecute' } } }) },
    says: EFFECT,
  },
  'no pace': { kind: 'DpuSet', spec: pace(0), says: PERCENT },
  'a negative pace': { kind: 'DpuSet', spec: pace(-1), says: PERCENT },
  'zero percent': { kind: 'DpuSet', spec: pace('0%'), says: PERCENT },
  'more than all': { kind: 'DpuSet', spec: pace('101%'), says: PERCENT },
  'a number as text': { kind: 'DpuSet', spec: pace('5'), says: PERCENT },
  'a set name that is no label': {
    kind: 'DpuSet',
    spec: set({}),
    name: 'a'.repeat(64),
    says: /metadata\.name must be at most 63 characters/,
  },
  'a PCI address as the host writes it': {
    kind: 'Dpu',
    spec: { nodeName: 'a', pciAddress: '0000:4b:00', bfb: 'a', dpuFlavor: 'b' },
    says: /spec\.pciAddress/,
  },
};

function rules(server: string, start: () => Promise<Pick<ApiServer, 'kubeconfig' | 'close'>>): void {
  describe(`on ${server}`, () => {
    let api: Pick<ApiServer, 'kubeconfig' | 'close'>;
    let cluster: Cluster;
    const client = <T extends KubeObject>(kind: Kind) => cluster.resource<T>(KINDS[kind]);
    const object = (kind: Kind, name: string, spec: object) => ({ apiVersion: API_VERSION, kind, metadata: { name, namespace }, spec });
    const refusal = async (attempt: Promise<unknown>): Promise<string> => {
      const error: unknown = await attempt.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ code: 422, reason: 'Invalid' });
      return (error as ApiError).message;
    };

    beforeAll(async () => {
      api = await start();
      cluster = await connect({ kubeconfig: api.kubeconfig, userAgent: 'dpf-test' });
      for (const crd of objects(CRDS)) await cluster.resource(CRD).create(crd);
      await cluster.resource(NAMESPACE).create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      for (const kind of Object.values(KINDS)) await served(cluster, kind);
    }, 90_000);
    afterAll(async () => {
      await cluster?.close();
      await api?.close();
    });

    test.each(objects(SAMPLES).map((sample) => [`${sample.kind} ${sample.metadata.name}`, sample] as const))(
      'the sample %s is accepted',
      async (_, sample) => {
        await cluster.resource(KINDS[sample.kind as Kind]).create(sample);
      },
    );
    test('what is absent is filled in', async () => {
      const minimal = await client<DpuSet>('DpuSet').create(object('DpuSet', 'defaults', set({})) as DpuSet);
      expect(minimal.spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } });
      expect(minimal.spec.dpuTemplate.spec.automaticNodeReboot).toBe(true);
      const flavor = await client<DPUFlavor>('DPUFlavor').create(
        object('DPUFlavor', 'defaults', { nvconfig: [{ parameters: ['A=1'] }], hostNetwork: {} }),
      );
      expect(flavor.spec).toEqual({ nvconfig: [{ device: '*', parameters: ['A=1'] }], hostNetwork: { mtu: 1500, channelVf: 1 } });
    });
    test.each(['1%', '10%', '100%', 1, 250])('maxUnavailable %j is accepted', async (maxUnavailable) => {
      await client('DpuSet').create(object('DpuSet', 'pace', pace(maxUnavailable)), { dryRun: true });
    });
    test.each(Object.entries(REFUSED))('refused: %s', async (_, { kind, spec, name = 'refused', says }) => {
      expect(await refusal(client(kind).create(object(kind, name, spec)))).toMatch(says);
    });

    test('a flavor is immutable', async () => {
      await client('DPUFlavor').create(object('DPUFlavor', 'immutable', { sysctl: { parameters: ['a=1'] } }));
      const change = client('DPUFlavor').patch({ namespace, name: 'immutable' }, { spec: { sysctl: { parameters: ['a=2'] } } });
      expect(await refusal(change)).toMatch(/spec is immutable: create another DPUFlavor/);
    });
    test('a Bfb can be corrected until it is published, and not after', async () => {
      const ref = { namespace, name: 'corrected' };
      const bfbs = client<Bfb>('Bfb');
      await bfbs.create(object('Bfb', ref.name, { url: 'http://wrong/x.bfb' }) as Bfb);
      await bfbs.patch(ref, { spec: { url: 'http://right/x.bfb' } });
      await bfbs.patchStatus(ref, { status: { phase: 'Ready', sha256: DIGEST } });
      expect(await refusal(bfbs.patch(ref, { spec: { url: 'http://other/x.bfb' } }))).toMatch(
        /spec is immutable once an image was published/,
      );
      await bfbs.patch(ref, { metadata: { labels: { still: 'possible' } } });
    });
    test('a Dpu keeps its card, and its grant only grows', async () => {
      const ref = { namespace, name: 'card' };
      const dpus = client<Dpu>('Dpu');
      await dpus.create(object('Dpu', ref.name, { nodeName: 'a', pciAddress: '0000-4b-00', bfb: 'a', dpuFlavor: 'b' }) as Dpu);
      expect(await refusal(dpus.patch(ref, { spec: { nodeName: 'b' } }))).toMatch(/nodeName is immutable/);
      expect(await refusal(dpus.patch(ref, { spec: { pciAddress: '0000-4c-00' } }))).toMatch(/pciAddress is immutable/);
      await dpus.patch(ref, { spec: { grant: 3, bfb: 'c' } });
      expect(await refusal(dpus.patch(ref, { spec: { grant: 2 } }))).toMatch(/grant only grows/);
      expect(await refusal(dpus.patch(ref, { spec: { grant: null } }))).toMatch(/grant must not be removed/);
      await dpus.patch(ref, { spec: { grant: 4 } });
    });
  });
}

/** Waits until a kind whose CRD was just made is served. */
async function served(cluster: Cluster, kind: (typeof KINDS)[Kind]): Promise<void> {
  for (const end = Date.now() + 15_000; ;) {
    const error: unknown = await cluster
      .resource(kind)
      .list({ namespace })
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    if (!error) return;
    if (Date.now() > end) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

rules('the embedded API server', () => startKubeSim());
onRealApi((start) => rules('a real kube-apiserver', start));
