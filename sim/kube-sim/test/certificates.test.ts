/** Signing requests: who asks, what is approved without a person, what is signed. */
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { judge, type SigningRequest } from '../../kube-controllers/src/judge.ts';
import { pemOf, pkcs10 } from '../../kube-controllers/test/pkcs10.ts';
import type { KubeSim } from '../src/index.ts';
import type { Body, Client } from './client.ts';
import { embedded, fresh } from './server.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const NODE_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
const CLIENT = 'kubernetes.io/kube-apiserver-client';
const USAGES = ['digital signature', 'client auth'];

let sim: KubeSim;
let client: Client;
beforeAll(async () => {
  ({ sim, client } = await embedded());
});
afterAll(async () => {
  client.close();
  await sim.close();
});

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
    expect(judge(body as SigningRequest, new Date())).toBeUndefined();
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
