/** The key of a node and the request (PKCS#10) by which it asks for its client certificate. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';
// The certificate library resolves its parts with decorators, which need this polyfill first.
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
type Parameters = globalThis.Parameters<typeof Pkcs10CertificateRequestGenerator.create>;

/** A new private key (PKCS#8, PEM). */
export const newKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: KEY.namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The public half of a key (SPKI, DER). */
export const publicKeyOf = (keyPem: string): Buffer => createPublicKey(keyPem).export({ type: 'spki', format: 'der' });

/** A certificate request for the identity that the API server knows as the node of this name, in PEM. */
export async function signingRequest(keyPem: string, nodeName: string): Promise<string> {
  const keys = {
    privateKey: createPrivateKey(keyPem).toCryptoKey(KEY, false, ['sign']),
    publicKey: createPublicKey(keyPem).toCryptoKey(KEY, true, ['verify']),
  };
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ O: ['system:nodes'] }, { CN: [`system:node:${nodeName}`] }],
      keys: keys as Parameters[0]['keys'],
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    },
    webcrypto as Parameters[1],
  );
  return `${request.toString('pem')}\n`;
}
