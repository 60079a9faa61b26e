/** What is approved without a person, what is signed, what is forgotten. */
import { describe, expect, test } from '@jest/globals';
import { judge, type SigningRequest } from '../src/judge.ts';
import { pemOf, pkcs10 } from './pkcs10.ts';

const NODE_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
const CLIENT = 'kubernetes.io/kube-apiserver-client';
const USAGES = ['digital signature', 'client auth'];

describe('the control plane', () => {
  const made = new Date('2030-01-01T00:00:00Z');
  const HOUR = 3_600_000;
  async function stored(spec: Partial<SigningRequest['spec']>, conditions: string[] = []): Promise<SigningRequest> {
    const request = await requestFor('O=system:nodes, CN=system:node:a');
    const groups = ['system:bootstrappers:kubeadm:default-node-token'];
    return {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'csr', creationTimestamp: made.toISOString() },
      spec: { request, signerName: NODE_CLIENT, usages: USAGES, username: 'somebody', groups, ...spec },
      status: { conditions: conditions.map((type) => ({ type, status: 'True' })) },
    };
  }
  const requestFor = async (subject: string, dnsNames?: string[]) => Buffer.from(pemOf(await pkcs10(subject, dnsNames))).toString('base64');
  const request = async (subject: string, dnsNames?: string[]) => ({ request: await requestFor(subject, dnsNames) });

  test.each<[string, () => Promise<SigningRequest>, string | undefined]>([
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
    const after = (object: SigningRequest, ms: number) => judge(object, new Date(made.getTime() + ms));
    expect([after(answered, HOUR), after(answered, HOUR + 1)]).toEqual([undefined, 'forget']);
    expect([after(waiting, 24 * HOUR), after(waiting, 24 * HOUR + 1)]).toEqual([undefined, 'forget']);
  });
});
