/** What a machine needs to join: a token that an administrator makes, and a request for a node's certificate. */
import { webcrypto } from 'node:crypto';
// The certificate library resolves its parts with decorators, which need this polyfill first.
import 'reflect-metadata';
import type { KubeObject, Secret } from '@dpf/api';
import type { KeyAndCert } from '@dpf/pki';
import * as x509 from '@peculiar/x509';
import { JOINING_GROUP } from '../src/index.ts';

export const SIGNING_REQUEST = {
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  namespaced: false,
};

export interface SigningRequest extends KubeObject {
  spec: { signerName: string; request: string; usages: string[] };
  status?: { certificate?: string; conditions?: { type: string }[] };
}

/** The Secret of a bootstrap token that may authenticate and sign cluster-info. */
export const bootstrapToken = (id: string, secret: string): Secret => ({
  metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  data: Object.fromEntries(
    Object.entries({
      'token-id': id,
      'token-secret': secret,
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
      'auth-extra-groups': JOINING_GROUP,
    }).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
});

type Generator = typeof x509.Pkcs10CertificateRequestGenerator;

/** The request of a node, and its key. */
export async function signingRequest(node: string): Promise<{ request: SigningRequest; keyPem: KeyAndCert['keyPem'] }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ O: ['system:nodes'] }, { CN: [`system:node:${node}`] }],
      keys: keys as Parameters<Generator['create']>[0]['keys'],
      signingAlgorithm: algorithm,
    },
    webcrypto as unknown as Parameters<Generator['create']>[1],
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', (keys as webcrypto.CryptoKeyPair).privateKey)).toString('base64');
  return {
    keyPem: `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`,
    request: {
      metadata: { name: `node-${node}` },
      spec: {
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        request: Buffer.from(csr.toString('pem')).toString('base64'),
        usages: ['digital signature', 'client auth'],
      },
    },
  };
}
