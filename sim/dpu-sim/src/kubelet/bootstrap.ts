/** TLS bootstrap as kubelet does it: the token pays for one signing request, the certificate is the node's identity from then on. */
import { createHash, X509Certificate } from 'node:crypto';
import { realSleep } from '../clock.ts';
import { JoinRefused, refusal, request, type ApiAccess } from './api-request.ts';
import { publicKeyOf, signingRequest } from './signing-request.ts';

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
const FIRST_LOOK_MS = 100;
const SLOWEST_LOOK_MS = 2_000;

interface SigningRequest {
  status?: { certificate?: string; conditions?: { type: string; reason?: string; message?: string }[] };
}

/**
 * Asks for the client certificate of a node and waits until it is issued; asked again with the same key, it is the same request.
 * @param access with the bootstrap token
 * @param patience how long to wait, in real milliseconds
 * @returns certificate in PEM @throws JoinRefused when the server says no, or nothing in time
 */
export async function requestCertificate(
  access: ApiAccess,
  node: { nodeName: string; keyPem: string },
  patience: { deadlineMs: number; signal: AbortSignal },
): Promise<string> {
  const { signal } = patience;
  const name = `node-csr-${createHash('sha256').update(publicKeyOf(node.keyPem)).update(node.nodeName).digest('hex')}`;
  const spec = {
    request: Buffer.from(await signingRequest(node.keyPem, node.nodeName)).toString('base64'),
    signerName: SIGNER,
    usages: ['digital signature', 'client auth'],
  };
  const body = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec };
  const made = await request({ ...access, method: 'POST', path: PATH, body, signal });
  if (made.status !== 201 && made.status !== 409) throw refusal('ask for its certificate', made);

  const end = performance.now() + patience.deadlineMs;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, SLOWEST_LOOK_MS)) {
    const answer = await request({ ...access, path: `${PATH}/${name}`, signal });
    if (answer.status !== 200) throw refusal('look for its certificate', answer);
    const { certificate, conditions = [] } = (answer.body as SigningRequest).status ?? {};
    for (const { type, reason, message } of conditions)
      if (type === 'Denied' || type === 'Failed')
        throw new JoinRefused(`CertificateSigningRequest ${name} is ${type.toLowerCase()}: ${message ?? reason ?? 'no reason given'}`);
    if (certificate) return checked(Buffer.from(certificate, 'base64').toString(), node.keyPem);
    if (performance.now() + pauseMs > end) {
      const state = conditions.some(({ type }) => type === 'Approved') ? 'approved but not signed' : 'not approved';
      throw new JoinRefused(`CertificateSigningRequest ${name} is ${state} after ${Math.round(patience.deadlineMs / 1000)} s`);
    }
    await realSleep(pauseMs, signal);
  }
}

function checked(certificate: string, keyPem: string): string {
  const { publicKey } = new X509Certificate(certificate);
  if (!publicKey.export({ type: 'spki', format: 'der' }).equals(publicKeyOf(keyPem)))
    throw new JoinRefused('the certificate that was issued is for another key');
  return certificate;
}
