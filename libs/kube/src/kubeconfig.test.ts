import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createPki, type Pki } from '@dpf/kube-sim';
import { serve, type FaultServer, type Reply, type Request } from '../test/fault-server.ts';

import { connect, connectTo, type Cluster } from './index.ts';

let dir: string;
let pki: Pki;
let server: FaultServer | undefined;
let cluster: Cluster | undefined;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dpf-kubeconfig-'));
  pki = await createPki();
});
afterAll(() => rm(dir, { recursive: true }));
afterEach(async () => {
  await cluster?.close();
  await server?.close();
  [cluster, server] = [undefined, undefined];
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const config = (url: string, user: object, extra: object = {}) =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: url, 'certificate-authority-data': base64(pki.caPem), ...extra } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
const version = (_: Request, reply: Reply) => reply.json({ gitVersion: 'v1.36.0' });
const secure = async (handle: (request: Request, reply: Reply) => void, clients = false): Promise<FaultServer> => {
  const { certPem, keyPem } = await pki.server();
  server = await serve(handle, {
    cert: certPem,
    key: keyPem,
    ...(clients && { ca: pki.caPem, requestCert: true, rejectUnauthorized: true }),
  });
  return server;
};
const authorization = () => server?.requests.map((request) => request.headers.authorization);

describe('a kubeconfig that cannot be used says what is wrong with it', () => {
  test.each<[string, string, RegExp]>([
    ['no YAML', '{', /the kubeconfig given: it is no kubeconfig/],
    ['empty', '', /it is no kubeconfig/],
    ['a cluster without server', '{"clusters":[{"name":"c","cluster":{}}]}', /clusters\[0\].cluster.server is missing/],
    ['no context', '{"clusters":[]}', /it has no current-context/],
    ['an unknown context', '{"current-context":"x"}', /it has no context x/],
    [
      'an unknown cluster',
      '{"contexts":[{"name":"x","context":{"cluster":"c"}}],"current-context":"x"}',
      /context x names no cluster that it has/,
    ],
  ])('%s', async (_, kubeconfig, message) => {
    await expect(connect({ kubeconfig, userAgent: 't' })).rejects.toThrow(message);
  });

  test('an unknown user, plain http, a SOCKS proxy, a plugin that is not there', async () => {
    const usable = config('https://127.0.0.1:1', {});
    const attempt = (kubeconfig: string) => connect({ kubeconfig, userAgent: 't' });
    await expect(attempt(usable.replace('"user":"u"', '"user":"v"'))).rejects.toThrow('context x names no user that it has');
    await expect(attempt(config('http://127.0.0.1:1', {}))).rejects.toThrow('HTTP protocol is not allowed');
    await expect(attempt(config('https://127.0.0.1:1', {}, { 'proxy-url': 'socks5://p:1' }))).rejects.toThrow(
      'proxy-url must be http or https, not socks5',
    );
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/nowhere/plugin' };
    await expect(attempt(config('https://127.0.0.1:1', { exec }))).rejects.toThrow(/cannot authenticate .*ENOENT/);
  });

  test('a file that is not there, and no Pod', async () => {
    await expect(connect({ kubeconfigFile: join(dir, 'none'), userAgent: 't' })).rejects.toThrow(/cannot be read.*ENOENT/);
    await expect(connect({ userAgent: 't' })).rejects.toThrow('no kubeconfig was given and this is no Pod with a service account');
  });

  test('a tenant is reached by https alone', () => {
    for (const url of ['http://10.0.0.1:6443', 'ftp://x', 'nonsense'])
      expect(() => connectTo({ server: url, caData: '', userAgent: 't' })).toThrow('must be an https URL');
  });
});

describe('identity', () => {
  test('a token that the server refuses is read again, once, and the request repeated', async () => {
    const file = join(dir, 'rotated');
    await secure((request, reply) => {
      if (request.headers.authorization === 'Bearer new') version(request, reply);
      else reply.refuse(401, 'Unauthorized');
    });
    await writeFile(file, config(server?.url ?? '', { token: 'old' }));
    cluster = await connect({ kubeconfigFile: file, userAgent: 't' });
    await writeFile(file, config(server?.url ?? '', { token: 'new' }));
    expect((await cluster.version()).gitVersion).toBe('v1.36.0');
    expect(authorization()).toEqual(['Bearer old', 'Bearer new']);
    await writeFile(file, config(server?.url ?? '', { token: 'wrong' }));
    await cluster.version();
    expect(authorization()).toHaveLength(3);
  });

  test('a plugin gives the token, and is not asked again while it lasts', async () => {
    await secure(version);
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'of-plugin' } };
    const args = ['-e', `process.stdout.write(${JSON.stringify(JSON.stringify(credential))})`];
    const exec = { apiVersion: credential.apiVersion, command: process.execPath, args };
    cluster = await connect({ kubeconfig: config(server?.url ?? '', { exec }), userAgent: 't' });
    await cluster.version();
    await cluster.version();
    expect(authorization()).toEqual(['Bearer of-plugin', 'Bearer of-plugin']);
  });

  test('a client certificate from files beside the kubeconfig; when it was renewed, connections are made anew', async () => {
    let valid = '';
    const seen: string[] = [];
    await secure((request, reply) => {
      const { serialNumber } = (reply.raw.socket as TLSSocket).getPeerCertificate();
      seen.push(serialNumber);
      if (serialNumber === valid) version(request, reply);
      else reply.refuse(401, 'Unauthorized');
    }, true);
    const renew = async () => {
      const { certPem, keyPem } = await pki.client('someone');
      await writeFile(join(dir, 'client.crt'), certPem);
      await writeFile(join(dir, 'client.key'), keyPem);
      return (valid = new X509Certificate(certPem).serialNumber);
    };
    const file = join(dir, 'certificates');
    await writeFile(file, config(server?.url ?? '', { 'client-certificate': 'client.crt', 'client-key': 'client.key' }));
    const first = await renew();
    cluster = await connect({ kubeconfigFile: file, userAgent: 't' });
    await cluster.version();
    const second = await renew();
    await cluster.version();
    expect(seen).toEqual([first, first, second]);
  });

  test('a server of another CA is not trusted, and nothing is sent to it', async () => {
    await secure(version);
    const another = await createPki();
    cluster = connectTo({ server: server?.url ?? '', caData: base64(another.caPem), token: 'secret', userAgent: 't' });
    await expect(cluster.version()).rejects.toMatchObject({ code: 0, neverSent: true, message: expect.stringMatching(/certificate/) });
    expect(server?.requests).toHaveLength(0);
  });

  test('a tenant by client certificate', async () => {
    await secure(version, true);
    const { certPem, keyPem } = await pki.client('admin');
    const caData = base64(pki.caPem);
    cluster = connectTo({
      server: server?.url ?? '',
      caData,
      clientCertData: base64(certPem),
      clientKeyData: base64(keyPem),
      userAgent: 't',
    });
    expect(await cluster.version()).toEqual({ gitVersion: 'v1.36.0' });
  });
});
