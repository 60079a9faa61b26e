/** The servers that the tables are read on, with our kinds installed, and what one of them makes of an object. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { API_VERSION, GROUP, KINDS, VERSION } from '@dpf/api';
import { definitionsIn, installDefinitions, onBothApis, type ApiServer, type StartApi } from '@dpf/kube-sim/testing';
import { clientOf, type Answer, type Body, type Client } from '../../sim/kube-sim/test/client.ts';
import type { Kind, Spec } from './rows/row.ts';

export const CRDS = join(import.meta.dirname, '../../crds');
export const NAMESPACE = 'dpf-provisioning';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** The definitions of our kinds, as they stand in crds/. */
export const definitions = (): Body[] => definitionsIn(CRDS);

/** Where objects of a kind lie. */
export const pathOf = (kind: Kind): string => `/apis/${GROUP}/${VERSION}/namespaces/${NAMESPACE}/${KINDS[kind].plural}`;
/** An object as a user writes it. */
export const objectOf = (kind: Kind, name: string, spec: Spec): Body => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, namespace: NAMESPACE },
  spec,
});

export interface Server {
  client: Client;
  kubeconfig: string;
  /** What the server answered to each definition. */
  installed: Answer[];
}

/** Tells the same stories on the embedded API server and on a real one; without its programs they are counted as skipped. */
export function onBothServers(stories: (server: () => Server) => void): void {
  onBothApis((name, start) => describe(`on ${name}`, () => tell(start, stories)));
}

function tell(start: StartApi, stories: (server: () => Server) => void): void {
  let api: ApiServer | undefined;
  let server: Server;
  beforeAll(async () => {
    api = await start();
    const client = clientOf(api.kubeconfig);
    const installed = await installDefinitions(client, CRDS);
    await client.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    server = { client, kubeconfig: api.kubeconfig, installed };
  }, 90_000);
  afterAll(async () => {
    server?.client.close();
    await api?.close();
  });
  stories(() => server);
}

/** The definition of a kind as it stands on the server. */
export const definitionOf = async ({ client }: Server, kind: Kind): Promise<Body> =>
  (await client.get(`${DEFINITIONS}/${KINDS[kind].plural}.${GROUP}`)).body;

/** Sends an object that is not kept. */
export const tryOut = (client: Client, kind: Kind, name: string, spec: Spec): Promise<Answer> =>
  client.post(`${pathOf(kind)}?dryRun=All&fieldValidation=Strict`, objectOf(kind, name, spec));

/** What a user reads behind `is invalid: `; the whole answer where it is no such refusal. */
export function refusal({ code, body, text }: Answer, kind: Kind, name: string): string {
  const before = `${kind}.${GROUP} "${name}" is invalid: `;
  const message = body['message'] as string | undefined;
  return code === 422 && message?.startsWith(before) ? message.slice(before.length) : text;
}
