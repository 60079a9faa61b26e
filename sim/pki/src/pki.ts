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
  /** The certificate (PEM) that a signing request asks for. @throws Error where it was not made with the key that it holds */
  sign(request: SigningRequest, grant: { usages: readonly string[]; now: Date; seconds: number }): Promise<string>;
}

export type SigningRequest = x509.Pkcs10CertificateRequest;

/** A signing request as Kubernetes carries it: base64 of PEM. @throws Error where it is none */
export function signingRequest(base64: string): SigningRequest {
  const pem = Buffer.from(base64, 'base64').toString();
  if (!pem.includes('-----BEGIN CERTIFICATE REQUEST-----')) throw new Error('PEM block type must be CERTIFICATE REQUEST');
  return new x509.Pkcs10CertificateRequest(pem);
}

const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
/** Usages by the names that signing requests have for them. */
const USAGES: Record<string, x509.KeyUsageFlags> = { 'digital signature': digitalSignature, 'key encipherment': keyEncipherment };
const EXTENDED: Record<string, string> = {
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'server auth': x509.ExtendedKeyUsage.serverAuth,
};

const toPem = async (key: CryptoKey) => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`;
};
const newKeys = () => webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
// A certificate is valid from a day ago: clocks that differ a little do no harm.
const validity = (days: number) => ({ notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + days * DAY_MS) });
/** The same for what is signed on request: kube-controller-manager's own backdate. */
const BACKDATE_MS = 300_000;

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
  type What = Pick<x509.X509CertificateCreateParams, 'subject' | 'publicKey' | 'notBefore' | 'notAfter'>;
  const certify = async (what: What, usages: readonly string[], extensions: x509.Extension[] = []): Promise<string> => {
    const certificate = await x509.X509CertificateGenerator.create({
      ...what,
      issuer: ca.subject,
      signingKey: caKeys.privateKey,
      signingAlgorithm: SIGNING,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(
          usages.reduce((flags, usage) => flags | (USAGES[usage] ?? 0), 0),
          true,
        ),
        new x509.ExtendedKeyUsageExtension(usages.flatMap((usage) => EXTENDED[usage] ?? [])),
        await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
        ...extensions,
      ],
    });
    return certificate.toString('pem') + '\n';
  };
  const issue = async (name: x509.JsonName, usage: string, extensions: x509.Extension[]): Promise<KeyAndCert> => {
    const { publicKey, privateKey } = await newKeys();
    const what = { subject: new x509.Name(name).toString(), publicKey, ...validity(365) };
    return { certPem: await certify(what, ['digital signature', usage], extensions), keyPem: await toPem(privateKey) };
  };
  return {
    caPem: ca.toString('pem') + '\n',
    caKeyPem: await toPem(caKeys.privateKey),
    server: (names = ['localhost', '127.0.0.1', '::1']) =>
      issue([{ CN: [names[0] ?? 'localhost'] }], 'server auth', [
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
      ]),
    client: (commonName, organizations = []) =>
      issue([...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }], 'client auth', []),
    sign: async (request, { usages, now, seconds }) => {
      if (!(await request.verify())) throw new Error('the signature of the request is not by its key');
      const notBefore = new Date(now.getTime() - BACKDATE_MS);
      const notAfter = new Date(now.getTime() + seconds * 1000);
      return certify({ subject: request.subjectName, publicKey: request.publicKey, notBefore, notAfter }, usages);
    },
  };
}
