/** An administrator's requests to a real API server: server-side apply and access reviews, over one connection pool. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import type { ControlPlane } from '../../hack/control-plane/src/index.ts';
import type { Rendered } from './helm.ts';

/** Kinds without a namespace. */
const CLUSTER_WIDE = [
  'Namespace',
  'PersistentVolume',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'NodeFeatureRule',
  'SecurityContextConstraints',
];
const IRREGULAR: Record<string, string> = {
  NetworkPolicy: 'networkpolicies',
  SecurityContextConstraints: 'securitycontextconstraints',
};

export interface Api {
  /** Server-side apply; strict about fields. @throws with the server's message, or its warnings */
  apply(object: Pick<Rendered, 'apiVersion' | 'kind' | 'metadata'>, options?: { dryRun?: boolean }): Promise<void>;
  /** Resolves once the server serves a group that it was given a CRD of. */
  untilServed(groupVersion: string): Promise<void>;
  get<T>(path: string): Promise<T>;
  delete(path: string): Promise<void>;
  /** Whether a user may do that. */
  may(user: string, namespace: string, verb: string, resource: AskedResource): Promise<boolean>;
  close(): void;
}

export interface AskedResource {
  group?: string;
  resource: string;
  subresource?: string;
  name?: string;
}

export async function connectTo(plane: ControlPlane): Promise<Api> {
  const admin = await plane.pki.client('chart-test', ['system:masters']);
  const agent = new Agent({ ca: plane.caPem, cert: admin.certPem, key: admin.keyPem, keepAlive: true, maxSockets: 8 });
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
    const ask = request(new URL(path, plane.url), { method, agent, headers: { 'content-type': type } });
    ask.end(body && JSON.stringify(body));
    const [response] = (await once(ask, 'response')) as [IncomingMessage];
    const answer = JSON.parse(await text(response)) as T & { message?: string };
    if ((response.statusCode ?? 0) > 299) throw new Error(answer.message);
    if (response.headers['warning']) throw new Error(String(response.headers['warning']));
    return answer;
  };
  return {
    apply: async (object, { dryRun = false } = {}) => {
      const query = `fieldManager=chart&force=true&fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
      await call('PATCH', `${pathOf(object)}?${query}`, object);
    },
    untilServed: async (groupVersion) => {
      for (let tries = 1; ; tries++) {
        const served = await call('GET', `/apis/${groupVersion}`).then(
          () => true,
          (error: Error) => (tries < 100 ? false : Promise.reject(error)),
        );
        if (served) return;
        await pause(50);
      }
    },
    get: (path) => call('GET', path),
    delete: (path) => call('DELETE', path),
    may: async (user, namespace, verb, resource) => {
      const { status } = await call<{ status: { allowed: boolean } }>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, resourceAttributes: { namespace, verb, ...resource } },
      });
      return status.allowed;
    },
    close: () => agent.destroy(),
  };
}

function pathOf({
  apiVersion,
  kind,
  metadata: { name, namespace = 'default' },
}: Pick<Rendered, 'apiVersion' | 'kind' | 'metadata'>): string {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = IRREGULAR[kind] ?? `${kind.toLowerCase()}s`;
  return `${base}${CLUSTER_WIDE.includes(kind) ? '' : `/namespaces/${namespace}`}/${plural}/${name}`;
}
