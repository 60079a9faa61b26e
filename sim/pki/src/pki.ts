/** A certificate authority for loopback: used by the embedded API server and by whatever else speaks TLS beside it. */
import { webcrypto } from 'node:crypto';
// The certificate library resolves its parts with decorators, which need this polyfill first.
import 'reflect-metadata';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

x509.cryptoProvider.set(
  webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[1] & Parameters<typeof x509.cryptoProvider.set>[0],
);

export interface KeyAndCert {
  certPem: string;
  keyPem: string;
}

export interface Pki {
  caPem: string;
  /** PKCS#8 key of the CA: whoever keeps state across restarts keeps it with the certificate. */
  caKeyPem: string;
  /** A serving certificate for the given DNS names and IP addresses (default: localhost, 127.0.0.1, ::1), valid for a year. */
  server(names?: string[]): Promise<KeyAndCert>;
  /** A client certificate: the common name is the user, organizations are the groups. */
  client(commonName: string, organizations?: string[]): Promise<KeyAndCert>;
}

const toPem = async (key: CryptoKey) => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`;
};
const newKeys = () => webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
// A certificate is valid from a day ago: clocks that differ a little do no harm.
const validity = (days: number) => ({ notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + days * DAY_MS) });

async function newAuthority(): Promise<{ certificate: x509.X509Certificate; keys: CryptoKeyPair }> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=kubernetes',
    keys,
    signingAlgorithm: SIGNING,
    ...validity(3650),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

async function knownAuthority(caPem: string, caKeyPem: string): Promise<{ certificate: x509.X509Certificate; keys: CryptoKeyPair }> {
  const der = Buffer.from(caKeyPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const privateKey = (await webcrypto.subtle.importKey('pkcs8', der, KEY, true, ['sign'])) as CryptoKey;
  const certificate = new x509.X509Certificate(caPem);
  return { certificate, keys: { privateKey, publicKey: await certificate.publicKey.export() } };
}

/** Makes a CA, or takes up the one given by its certificate and key (PEM). */
export async function createPki(kept?: { caPem: string; caKeyPem: string }): Promise<Pki> {
  const { certificate: ca, keys: caKeys } = kept ? await knownAuthority(kept.caPem, kept.caKeyPem) : await newAuthority();
  const issue = async (subject: x509.JsonName, usage: string, extensions: x509.Extension[]): Promise<KeyAndCert> => {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: new x509.Name(subject).toString(),
      issuer: ca.subject,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: SIGNING,
      ...validity(365),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
        ...extensions,
      ],
    });
    return { certPem: certificate.toString('pem') + '\n', keyPem: await toPem(keys.privateKey) };
  };
  return {
    caPem: ca.toString('pem') + '\n',
    caKeyPem: await toPem(caKeys.privateKey),
    server: (names = ['localhost', '127.0.0.1', '::1']) =>
      issue([{ CN: [names[0] ?? 'localhost'] }], x509.ExtendedKeyUsage.serverAuth, [
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
      ]),
    client: (commonName, organizations = []) =>
      issue([...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }], x509.ExtendedKeyUsage.clientAuth, []),
  };
}
