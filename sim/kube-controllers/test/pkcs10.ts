/** Signing requests for tests. */
import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
type CreateArguments = Parameters<typeof x509.Pkcs10CertificateRequestGenerator.create>;

/** A signing request (DER) of a key of its own. */
export async function pkcs10(subject: string, dnsNames: string[] = []): Promise<Buffer> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const extensions = dnsNames.length ? [new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })))] : [];
  const parts = { name: subject, keys, signingAlgorithm: SIGNING, extensions } as CreateArguments[0];
  const request = await x509.Pkcs10CertificateRequestGenerator.create(parts, webcrypto as CreateArguments[1]);
  return Buffer.from(request.rawData);
}
export const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
