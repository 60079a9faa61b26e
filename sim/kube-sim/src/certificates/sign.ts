/** Issues the certificate that a request asks for. */
import { webcrypto } from 'node:crypto';
// The certificate library resolves its parts with decorators, which need this polyfill first.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { Pki } from '@dpf/pki';
import { at, type KubeObject } from '../objects.ts';
import { EXTENDED, isForNode } from './judge.ts';
import { requestOf } from './resource.ts';

const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const YEAR_SECONDS = 365 * 86_400;
/** Clocks that differ a little do no harm (kube-controller-manager's own backdate). */
const BACKDATE_MS = 300_000;
type CreateArguments = Parameters<typeof x509.X509CertificateGenerator.create>;

const FLAGS: Record<string, x509.KeyUsageFlags> = {
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
};

/** PEM. @throws Error that says why it is not signed: such a request has failed for good */
export async function sign(object: KubeObject, { caPem, caKeyPem }: Pki, now: Date): Promise<string> {
  const request = requestOf(object);
  const usages = (at(object, 'spec', 'usages') ?? []) as string[];
  const crypto = webcrypto as CreateArguments[1];
  if (!(await request.verify(crypto))) throw new Error('the signature of the request is not by its key');
  if (at(object, 'spec', 'signerName') === 'kubernetes.io/kube-apiserver-client-kubelet' && !isForNode(request, usages))
    throw new Error('it is no request for the client certificate of a node');
  const ca = new x509.X509Certificate(caPem);
  const der = Buffer.from(caKeyPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const seconds = Math.min(Number(at(object, 'spec', 'expirationSeconds') ?? YEAR_SECONDS), YEAR_SECONDS);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: request.subjectName,
      issuer: ca.subjectName,
      publicKey: request.publicKey,
      signingKey: signingKey,
      signingAlgorithm: SIGNING,
      notBefore: new Date(now.getTime() - BACKDATE_MS),
      notAfter: new Date(now.getTime() + seconds * 1000),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(
          usages.reduce((flags, usage) => flags | (FLAGS[usage] ?? 0), 0),
          true,
        ),
        new x509.ExtendedKeyUsageExtension(usages.flatMap((usage) => EXTENDED[usage] ?? [])),
        await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey, false, crypto),
      ],
    } as CreateArguments[0],
    crypto,
  );
  return `${certificate.toString('pem')}\n`;
}
