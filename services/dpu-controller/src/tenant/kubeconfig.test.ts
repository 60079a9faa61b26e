import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createPki, type KeyAndCert, type Pki } from '@dpf/kube-sim';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { checkGrants, refusal } from './grants.ts';
import { checkKubeconfig } from './kubeconfig.ts';

let pki: Pki;
let admin: KeyAndCert;
const base64 = (text: string) => Buffer.from(text).toString('base64');

beforeAll(async () => {
  pki = await createPki();
  admin = await pki.client('kubernetes-admin');
});

/** As Kamaji writes it; a change is laid over the cluster or the user. */
function kubeconfig({ cluster = {}, user }: { cluster?: object; user?: object } = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'tenant', cluster: { server: 'https://10.1.2.3:6443', 'certificate-authority-data': base64(pki.caPem), ...cluster } },
    ],
    users: [{ name: 'admin', user: user ?? { 'client-certificate-data': base64(admin.certPem), 'client-key-data': base64(admin.keyPem) } }],
    contexts: [{ name: 'admin@tenant', context: { cluster: 'tenant', user: 'admin' } }],
    'current-context': 'admin@tenant',
  });
}

describe('a kubeconfig is accepted', () => {
  test('with a client certificate; the join target is its server, and the hash of its CA is what openssl computes', () => {
    const spki = execFileSync('openssl', ['x509', '-pubkey', '-noout'], { input: pki.caPem });
    const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: spki });
    expect(checkKubeconfig(kubeconfig())).toMatchObject({
      access: { server: 'https://10.1.2.3:6443' },
      join: { endpoint: '10.1.2.3:6443', caCertHash: createHash('sha256').update(der).digest('hex') },
    });
  });
  test.each([
    ['https://tenant.example.com', 'tenant.example.com:443'],
    ['https://[fd00::1]:6443/', '[fd00::1]:6443'],
  ])('the endpoint of %s is %s', (server, endpoint) => {
    expect(checkKubeconfig(kubeconfig({ cluster: { server } }))).toMatchObject({ join: { endpoint } });
  });
  test('with a token', () => {
    expect(checkKubeconfig(kubeconfig({ user: { token: 't' } }))).toMatchObject({ access: { token: 't' } });
  });
});

describe('a kubeconfig is refused, with the reason and without its secrets', () => {
  test.each<[string, () => string, RegExp]>([
    ['an exec plugin', () => kubeconfig({ user: { exec: { command: 'sh' } } }), /its user has exec: it would run a program/],
    ['an auth provider', () => kubeconfig({ user: { 'auth-provider': { name: 'oidc' } } }), /auth-provider: it would run a program/],
    ['insecure TLS', () => kubeconfig({ cluster: { 'insecure-skip-tls-verify': true } }), /insecure-skip-tls-verify: the server would not/],
    ['a CA file', () => kubeconfig({ cluster: { 'certificate-authority': '/etc/ca' } }), /certificate-authority: it names a file/],
    ['a key file', () => kubeconfig({ user: { 'client-key': '/etc/key' } }), /client-key: it names a file/],
    ['a token file', () => kubeconfig({ user: { tokenFile: '/etc/token' } }), /tokenFile: it names a file/],
    ['a password', () => kubeconfig({ user: { username: 'a', password: 'hunter2' } }), /username: passwords are not supported/],
    ['a proxy', () => kubeconfig({ cluster: { 'proxy-url': 'http://x' } }), /only server, certificate-authority-data are accepted/],
    ['impersonation', () => kubeconfig({ user: { token: 't', as: 'root' } }), /its user has as: only/],
    ['plain http', () => kubeconfig({ cluster: { server: 'http://10.1.2.3' } }), /no https URL/],
    ['no CA', () => kubeconfig({ cluster: { 'certificate-authority-data': '' } }), /no certificate-authority-data/],
    ['a CA that is none', () => kubeconfig({ cluster: { 'certificate-authority-data': base64('hunter2') } }), /no PEM certificate/],
    ['nobody', () => kubeconfig({ user: {} }), /neither a client certificate nor a token/],
    ['half a pair', () => kubeconfig({ user: { 'client-key-data': base64('hunter2') } }), /only one of/],
    [
      'a pair that does not fit',
      () => kubeconfig({ user: { 'client-certificate-data': 'aHVudGVyMg==', 'client-key-data': 'eA==' } }),
      /do not fit/,
    ],
    ['another context', () => kubeconfig().replace('current-context: admin@tenant', 'current-context: x'), /no context of the name/],
    ['no YAML', () => '{ token: hunter2', /no YAML/],
    ['aliases', () => 'a: &a [x]\nb: [*a, *a]', /no YAML/],
    ['a list', () => '[]', /no kubeconfig/],
    ['too much', () => 'x'.repeat(300_000), /longer than/],
  ])('%s', (_, text, because) => {
    const checked = checkKubeconfig(text());
    expect(checked).toEqual({ refused: expect.stringMatching(because) });
    expect(JSON.stringify(checked)).not.toContain('hunter2');
  });
});

describe('grants', () => {
  const grants = checkGrants([
    { namespace: 'tenant-00-ns', usableFrom: ['*'] },
    { namespace: 'tenant-01-ns', usableFrom: ['team-a'] },
  ]);
  test('say from where the clusters of a namespace may be used', () => {
    expect(refusal(grants, 'tenant-00-ns', 'anybody')).toBeUndefined();
    expect(refusal(grants, 'tenant-01-ns', 'team-a')).toBeUndefined();
  });
  test('a refusal names the chart value to set', () => {
    expect(refusal(grants, 'tenant-01-ns', 'team-b')).toBe(
      'the clusters of namespace tenant-01-ns may not be used from namespace team-b; set the chart value tenantClusters: [{namespace: tenant-01-ns, usableFrom: [team-a, team-b]}]',
    );
    expect(refusal([], 'x', 'y')).toContain('usableFrom: [y]');
  });
  test('are checked at the start', () => {
    expect(() => checkGrants({})).toThrow('must be a list like');
    expect(() => checkGrants([{ namespace: 'x', usableFrom: '*' }])).toThrow('must be a list like');
  });
});
