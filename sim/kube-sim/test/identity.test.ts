/** Who may do what: the credentials that a joining machine, an agent and an administrator have. */
import { X509Certificate, createHash, createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { detachedSignature } from '../../kube-controllers/src/bootstrap-token.ts';
import { createPki, type KubeSim } from '../src/index.ts';
import { clientOf, type Body, type Client } from './client.ts';
import { embedded, fresh } from './server.ts';

const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const CLUSTER_INFO = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
const MINUTE = 60_000;

let sim: KubeSim;
let client: Client;
let now = new Date('2030-01-01T00:00:00Z');
beforeAll(async () => {
  ({ sim, client } = await embedded({ clock: () => now }));
});
afterAll(async () => {
  client.close();
  await sim.close();
});

let tokens = 0;
/** Makes a bootstrap token as dpu-controller does and returns its text. */
async function bootstrapToken(more: Record<string, string> = {}): Promise<string> {
  const id = `abc${String(++tokens).padStart(3, '0')}`;
  const secret = '0123456789abcdef';
  const stringData = {
    'token-id': id,
    'token-secret': secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    expiration: new Date(now.getTime() + 10 * MINUTE).toISOString(),
    ...more,
  };
  const metadata = { name: `bootstrap-token-${id}` };
  const { code } = await client.post(SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata,
    stringData,
  });
  expect(code).toBe(201);
  return `${id}.${secret}`;
}

/** cluster-info once it is as wanted: the signer follows the tokens a moment later. */
async function clusterInfo(wanted: (data: Record<string, string>) => boolean): Promise<Record<string, string>> {
  for (;;) {
    const data = (await client.get(CLUSTER_INFO, { anonymous: true })).body['data'] as Record<string, string>;
    if (wanted(data)) return data;
  }
}

const whoAmI = async (options: { token?: string; anonymous?: boolean }): Promise<Body | number> => {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const { code, body } = await client.post(path, { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }, options);
  return code === 201 ? (body['status'].userInfo as Body) : code;
};

describe('nobody', () => {
  test.each(['/version', '/healthz', '/livez', '/readyz', CLUSTER_INFO])('may read %s', async (path) => {
    expect((await client.get(path, { anonymous: true })).code).toBe(200);
  });

  test.each(['/api', '/apis', '/api/v1/nodes', '/api/v1/namespaces/kube-public/configmaps', SECRETS])('may not read %s', async (path) => {
    const { code, body } = await client.get(path, { anonymous: true });
    expect([code, body['reason']]).toEqual([403, 'Forbidden']);
  });

  test('may not write cluster-info', async () => {
    expect((await client.call('DELETE', CLUSTER_INFO, undefined, { anonymous: true })).code).toBe(403);
  });
});

describe('an administrator', () => {
  test('is known by a client certificate of the CA', async () => {
    expect(await whoAmI({})).toMatchObject({ username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] });
  });

  test('a certificate of another CA is nobody', async () => {
    const stranger = await (await createPki()).client('kubernetes-admin', ['system:masters']);
    const forged = sim.kubeconfig
      .replace(/client-certificate-data: .*/, `client-certificate-data: ${Buffer.from(stranger.certPem).toString('base64')}`)
      .replace(/client-key-data: .*/, `client-key-data: ${Buffer.from(stranger.keyPem).toString('base64')}`);
    const other = clientOf(forged);
    expect((await other.get('/api/v1/nodes')).code).toBe(401);
    other.close();
  });
});

describe('a bootstrap token', () => {
  test('authenticates until it expires, is changed or is deleted', async () => {
    const token = await bootstrapToken({ 'auth-extra-groups': 'system:bootstrappers:dpf,other' });
    const [id, secret] = token.split('.') as [string, string];
    expect(await whoAmI({ token })).toMatchObject({
      username: `system:bootstrap:${id}`,
      groups: ['system:bootstrappers', 'system:bootstrappers:dpf', 'system:authenticated'],
    });
    expect(await whoAmI({ token: `${id}.${secret.replace('0', '1')}` })).toBe(401);
    now = new Date(now.getTime() + 11 * MINUTE);
    expect(await whoAmI({ token })).toBe(401);
    await client.merge(`${SECRETS}/bootstrap-token-${id}`, { stringData: { expiration: new Date(now.getTime() + MINUTE).toISOString() } });
    expect(await whoAmI({ token })).toMatchObject({ username: `system:bootstrap:${id}` });
    await client.remove(`${SECRETS}/bootstrap-token-${id}`);
    expect(await whoAmI({ token })).toBe(401);
  });

  test('that may not authenticate does not', async () => {
    expect(await whoAmI({ token: await bootstrapToken({ 'usage-bootstrap-authentication': 'false' }) })).toBe(401);
  });

  test('a machine trusts with endpoint, token and CA hash: cluster-info is signed by the token and holds the CA', async () => {
    const token = await bootstrapToken();
    const [id, secret] = token.split('.') as [string, string];
    const { kubeconfig, [`jws-kubeconfig-${id}`]: signature } = await clusterInfo((data) => `jws-kubeconfig-${id}` in data);
    expect(signature).toBe(detachedSignature(kubeconfig!, id, secret));
    const { server, 'certificate-authority-data': ca } = (parse(kubeconfig!) as { clusters: { cluster: Record<string, string> }[] })
      .clusters[0]!.cluster;
    expect(server).toBe(sim.url);
    const hash = (pem: string | Buffer) =>
      createHash('sha256')
        .update(
          createPublicKey(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' })).export({
            type: 'spki',
            format: 'der',
          }),
        )
        .digest('hex');
    expect(hash(Buffer.from(ca!, 'base64'))).toBe(hash(sim.caPem));

    await client.remove(`${SECRETS}/bootstrap-token-${id}`);
    await clusterInfo((data) => !(`jws-kubeconfig-${id}` in data));
  });
});

describe('a service account', () => {
  const NS = '/api/v1/namespaces/default';
  const account = async (audiences?: string[]) => {
    const name = fresh('sa');
    await client.post(`${NS}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
    const { body } = await client.post(`${NS}/serviceaccounts/${name}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { ...(audiences && { audiences }), expirationSeconds: 600 },
    });
    return { name, token: body['status'].token as string };
  };

  test('is let in with a token for this API, until it expires', async () => {
    const { name, token } = await account();
    expect(await whoAmI({ token })).toMatchObject({ username: `system:serviceaccount:default:${name}` });
    now = new Date(now.getTime() + 11 * MINUTE);
    expect(await whoAmI({ token })).toBe(401);
  });

  test('is not let in with a token for somebody else, or a forged one', async () => {
    const { token } = await account(['dpf-provisioning-agent']);
    expect(await whoAmI({ token })).toBe(401);
    const { token: good } = await account();
    const [head, claims, signature] = good.split('.') as [string, string, string];
    const forged = Buffer.from(
      JSON.stringify({ ...(JSON.parse(Buffer.from(claims, 'base64url').toString()) as object), sub: 'root' }),
    ).toString('base64url');
    expect(await whoAmI({ token: `${head}.${forged}.${signature}` })).toBe(401);
  });
});
