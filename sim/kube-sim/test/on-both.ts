/** API servers for test files: the same stories on the embedded one and on a real one (etcd and kube-apiserver alone). */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { knownAssets, startControlPlane } from '@dpf/control-plane';
import type { Pki } from '@dpf/pki';
import { parse } from 'yaml';
import { startKubeSim, type AuditEvent, type RequestFilter } from '../src/index.ts';
import { clientOf, type Answer, type Body, type Client } from './client.ts';

export interface ApiServer {
  url: string;
  /** Text of an administrator's kubeconfig. */
  kubeconfig: string;
  caPem: string;
  pki: Pki;
  /** Accepted writes, oldest first; those of our kinds and of Nodes with what was sent and what stands then. */
  writes(): AuditEvent[];
  /** How many requests match; watches only where the verb `watch` is asked for. */
  requests(filter?: RequestFilter): number;
  /** Watches that are open now. */
  openWatches(): number;
  /** Removes all objects of some kinds at once, whoever would like to see them go first: one server serves many stories. */
  clear(kinds: readonly Kind[]): Promise<void>;
  /** A request that the port to Kubernetes does not know. Throws with the answer unless it is 201. */
  post(path: string, body: object): Promise<Body>;
  close(): Promise<void>;
}

/** Where objects of a kind lie. */
export interface Kind {
  apiVersion: string;
  plural: string;
}

export interface ApiServerOptions {
  /** A folder with CustomResourceDefinitions: they are served when the server is. */
  crds?: string;
  pki?: Pki;
  /** The present time of the embedded one: that of a real one cannot be moved. */
  clock?: () => Date;
}

export type StartApi = (options?: ApiServerOptions) => Promise<ApiServer>;

/** Where no real server can be had, its stories are skipped, and counted. */
export function onBothApis(tell: (name: string, start: StartApi, kind: 'embedded' | 'real') => void): void {
  tell('the embedded API server', startEmbedded, 'embedded');
  const assets = knownAssets('api');
  if ('folder' in assets) tell('a real kube-apiserver', (options) => startReal(assets.folder, options), 'real');
  else describe.skip(assets.skip, () => tell('a real kube-apiserver', () => Promise.reject(new Error(assets.skip)), 'real'));
}

async function startEmbedded({ crds, ...options }: ApiServerOptions = {}): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'dpf-api-'));
  const auditLog = join(folder, 'audit.jsonl');
  const sim = await startKubeSim({ crds: crds ? [crds] : [], auditLog, ...options });
  return {
    url: sim.url,
    kubeconfig: sim.kubeconfig,
    caPem: sim.caPem,
    pki: sim.pki,
    writes: () => eventsOf(auditLog),
    // Its log holds no reads.
    requests: (filter) => sim.requests.count(filter),
    openWatches: () => sim.openWatches(),
    clear: (kinds) => clear(sim.kubeconfig, kinds),
    post: (path, body) => post(sim.kubeconfig, path, body),
    close: async () => {
      await sim.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function startReal(assets: string, { crds, pki }: ApiServerOptions = {}): Promise<ApiServer> {
  const plane = await startControlPlane({ assets, name: 'api', controllers: false, ...(pki && { pki }) });
  const complete = () => eventsOf(plane.auditLog).filter(({ stage }) => stage === 'ResponseComplete');
  const watches = (stage: AuditEvent['stage']) =>
    eventsOf(plane.auditLog).filter((event) => event.verb === 'watch' && event.stage === stage);
  try {
    if (crds) await withClient(plane.adminKubeconfig, (client) => installDefinitions(client, crds));
  } catch (error) {
    await plane.stop();
    throw error;
  }
  return {
    url: plane.url,
    kubeconfig: plane.adminKubeconfig,
    caPem: plane.caPem,
    pki: plane.pki,
    writes: () => complete().filter(isAcceptedWrite),
    requests: (filter = {}) =>
      (filter.verb === 'watch' ? watches('ResponseStarted') : complete()).filter((event) => matches(event, filter)).length,
    openWatches: () => watches('ResponseStarted').length - watches('ResponseComplete').length,
    clear: (kinds) => clear(plane.adminKubeconfig, kinds),
    post: (path, body) => post(plane.adminKubeconfig, path, body),
    close: () => plane.stop(),
  };
}

/** The events of an audit log. */
export const eventsOf = (auditLog: string): AuditEvent[] =>
  readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent);

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
const isAcceptedWrite = ({ verb, responseStatus, requestURI }: AuditEvent) =>
  WRITES.has(verb) && responseStatus.code < 300 && !/[?&]dryRun=/.test(requestURI);

const matches = ({ verb, userAgent, objectRef }: AuditEvent, filter: RequestFilter) =>
  (filter.verb === undefined ? verb !== 'watch' : verb === filter.verb) &&
  (filter.resource === undefined || objectRef?.resource === filter.resource) &&
  (filter.userAgent === undefined || userAgent.startsWith(filter.userAgent));

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const SERVED_MS = 20_000;

async function withClient<T>(kubeconfig: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = clientOf(kubeconfig);
  return work(client).finally(() => client.close());
}

const post = (kubeconfig: string, path: string, body: object) =>
  withClient(kubeconfig, async (client) => {
    const answer = await client.post(path, body);
    if (answer.code !== 201) throw new Error(`POST ${path}: ${answer.code} ${answer.text}`);
    return answer.body;
  });

const clear = (kubeconfig: string, kinds: readonly Kind[]) =>
  withClient(kubeconfig, async (client) => {
    for (const { apiVersion, plural } of kinds) {
      const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const { body } = await client.get(`${root}/${plural}`);
      const remove = async ({ namespace, name, finalizers }: Body) => {
        const path = [root, ...(namespace ? ['namespaces', namespace] : []), plural, name].join('/');
        if (finalizers) await client.merge(path, { metadata: { finalizers: null } });
        await client.remove(path, { gracePeriodSeconds: 0 });
      };
      await Promise.all((body['items'] as Body[]).map(({ metadata }) => remove(metadata)));
    }
  });

/** The CustomResourceDefinitions of a folder. */
export const definitionsIn = (folder: string): Body[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => parse(readFileSync(join(folder, file), 'utf8')) as Body);

/** Installs the definitions of a folder, and waits until all of them are served: a real server says Established a moment before. */
export async function installDefinitions(client: Client, folder: string): Promise<Answer[]> {
  const definitions = definitionsIn(folder);
  const answers = await Promise.all(definitions.map((definition) => client.post(DEFINITIONS, definition)));
  const end = Date.now() + SERVED_MS;
  for (const { spec } of definitions)
    for (const { name } of spec.versions as { name: string }[])
      while ((await client.get(`/apis/${spec.group}/${name}/${spec.names.plural}`)).code !== 200)
        if (Date.now() > end) throw new Error(`${spec.names.plural} are not served: ${answers.map(({ text }) => text).join('\n')}`);
  return answers;
}
