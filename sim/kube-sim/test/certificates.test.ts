/** Signing requests: who asks, what is approved without a person, what is signed, what is forgotten. */
import { X509Certificate, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as x509 from '@peculiar/x509';
import { judge } from '../src/certificates/judge.ts';
import type { KubeSim } from '../src/index.ts';
import type { KubeObject } from '../src/objects.ts';
import type { Body, Client } from './client.ts';
import { embedded, fresh } from './server.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const NODE_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
const CLIENT = 'kubernetes.io/kube-apiserver-client';
const USAGES = ['digital signature', 'client auth'];
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
type CreateArguments = Parameters<typeof x509.Pkcs10CertificateRequestGenerator.create>;

let sim: KubeSim;
let client: Client;
beforeAll(async () => {
  ({ sim, client } = await embedded());
});
afterAll(async () => {
  client.close();
  await sim.close();
});

async function pkcs10(subject: string, dnsNames: string[] = []): Promise<Buffer> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const extensions = dnsNames.length ? [new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })))] : [];
  const parts = { name: subject, keys, signingAlgorithm: SIGNING, extensions } as CreateArguments[0];
  const request = await x509.Pkcs10CertificateRequestGenerator.create(parts, webcrypto as CreateArguments[1]);
  return Buffer.from(request.rawData);
}
const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
const aRequest = (pem: string, spec: Body = {}): Body => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: fresh('csr') },
  spec: { request: Buffer.from(pem).toString('base64'), signerName: NODE_CLIENT, usages: USAGES, ...spec },
});
const nodeRequest = async (spec: Body = {}) => aRequest(pemOf(await pkcs10('O=system:nodes, CN=system:node:a')), spec);

/** Looks until the request is as wanted; a look is a request, and the control plane works between two. */
async function until(name: string, wanted: (object: Body) => boolean): Promise<Body> {
  for (let looks = 0; looks < 500; looks++) {
    const { body } = await client.get(`${CSRS}/${name}`);
    if (wanted(body)) return body;
  }
  throw new Error(`${name} did not become as wanted`);
}
const isIssued = (object: Body) => object['status'].certificate !== undefined;

describe('a signing request', () => {
  test('of a node is approved and signed; the certificate says what was asked', async () => {
    const asked = await nodeRequest({ expirationSeconds: 3600 });
    expect((await client.post(CSRS, asked)).code).toBe(201);
    const { spec, status } = await until(asked['metadata'].name, isIssued);
    expect(spec).toMatchObject({ username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] });
    expect(status.conditions).toMatchObject([{ type: 'Approved', status: 'True', reason: 'AutoApproved' }]);
    const certificate = new X509Certificate(Buffer.from(status.certificate, 'base64'));
    expect(certificate.verify(new X509Certificate(sim.caPem).publicKey)).toBe(true);
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:a');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(Date.parse(certificate.validTo) - Date.now()).toBeLessThanOrEqual(3_600_000);
  });

  test('is what its asker wrote at the start: nobody forges who asked, or changes what was asked', async () => {
    const asked = await nodeRequest({ username: 'system:bootstrap:abcdef', groups: ['system:nodes'] });
    await client.post(CSRS, asked);
    const before = await until(asked['metadata'].name, isIssued);
    expect(before['spec'].username).toBe('kubernetes-admin');
    await client.merge(`${CSRS}/${asked['metadata'].name}`, { spec: { signerName: CLIENT } });
    expect((await client.get(`${CSRS}/${asked['metadata'].name}`)).body['spec']).toEqual(before['spec']);
  });

  test('of anybody else waits for a person, and is signed once approved', async () => {
    const asked = aRequest(pemOf(await pkcs10('CN=alice')), { signerName: CLIENT });
    const { name } = asked['metadata'];
    const { body } = await client.post(CSRS, asked);
    expect(judge(body as KubeObject, new Date())).toBeUndefined();
    const conditions = [{ type: 'Approved', status: 'True', reason: 'KubectlApprove', message: 'This CSR was approved by kubectl.' }];
    expect((await client.put(`${CSRS}/${name}/approval`, { ...body, status: { conditions } })).code).toBe(200);
    await until(name, isIssued);
    const { body: table } = await client.get(CSRS, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    const row = table['rows'].find(({ cells }: { cells: unknown[] }) => cells[0] === name);
    expect(row.cells.slice(2)).toEqual([CLIENT, 'kubernetes-admin', '<none>', 'Approved,Issued']);
  });

  test('whose signature is not by its key has failed, with a sentence', async () => {
    const der = await pkcs10('O=system:nodes, CN=system:node:a');
    // A byte of the key, which follows its tag, length and form.
    const at = der.indexOf(Buffer.from('03420004', 'hex')) + 20;
    der[at] = der[at]! ^ 1;
    const asked = aRequest(pemOf(der));
    await client.post(CSRS, asked);
    const { status } = await until(asked['metadata'].name, (object) => object['status'].conditions?.length === 2);
    expect(status).toMatchObject({ conditions: [{ type: 'Approved' }, { type: 'Failed', reason: 'SignerValidationFailure' }] });
    expect(status.certificate).toBeUndefined();
  });

  test.each<[string, () => Body, string]>([
    ['no request', () => aRequest('hello'), 'spec.request: Invalid value: PEM block type must be CERTIFICATE REQUEST'],
    ['no signer', () => aRequest(pemOf(Buffer.alloc(8)), { signerName: '' }), 'spec.signerName: Required value'],
  ])('with %s is refused', async (_, asked, message) => {
    const { code, body } = await client.post(CSRS, asked());
    expect([code, body['message']]).toEqual([422, expect.stringContaining(message)]);
  });
});

describe('the control plane', () => {
  const made = new Date('2030-01-01T00:00:00Z');
  const HOUR = 3_600_000;
  async function stored(spec: Body, conditions: string[] = []): Promise<KubeObject> {
    const { metadata, ...rest } = await nodeRequest({ groups: ['system:bootstrappers:kubeadm:default-node-token'], ...spec });
    const status = { conditions: conditions.map((type) => ({ type, status: 'True' })) };
    return { ...rest, metadata: { ...metadata, creationTimestamp: made.toISOString() }, status } as unknown as KubeObject;
  }
  const request = async (subject: string, dnsNames?: string[]) => ({
    request: Buffer.from(pemOf(await pkcs10(subject, dnsNames))).toString('base64'),
  });

  test.each<[string, () => Promise<KubeObject>, string | undefined]>([
    ['approves what a joining machine asks', () => stored({}), 'approve'],
    ['approves what a node asks for itself', () => stored({ groups: ['system:nodes'], username: 'system:node:a' }), 'approve'],
    ['approves not what a node asks for another', () => stored({ groups: ['system:nodes'], username: 'system:node:b' }), undefined],
    ['approves nothing for strangers', () => stored({ groups: ['system:bootstrappers'] }), undefined],
    ['approves no other identity', async () => stored(await request('O=system:masters, CN=root')), undefined],
    ['approves no second group', async () => stored(await request('O=system:nodes, O=system:masters, CN=system:node:a')), undefined],
    ['approves no other names', async () => stored(await request('O=system:nodes, CN=system:node:a', ['x'])), undefined],
    ['approves no server', () => stored({ usages: [...USAGES, 'server auth'] }), undefined],
    ['signs what was approved', () => stored({}, ['Approved']), 'sign'],
    ['signs not what was denied', () => stored({}, ['Approved', 'Denied']), undefined],
    ['signs nothing for signers that it is not', () => stored({ signerName: 'example.com/x' }, ['Approved']), undefined],
  ])('%s', async (_, object, verdict) => {
    expect(judge(await object(), made)).toBe(verdict);
  });

  test('forgets an answered request after an hour, one that waits after a day', async () => {
    const [answered, waiting] = [await stored({}, ['Denied']), await stored({ signerName: CLIENT })];
    const after = (object: KubeObject, ms: number) => judge(object, new Date(made.getTime() + ms));
    expect([after(answered, HOUR), after(answered, HOUR + 1)]).toEqual([undefined, 'forget']);
    expect([after(waiting, 24 * HOUR), after(waiting, 24 * HOUR + 1)]).toEqual([undefined, 'forget']);
  });
});
