/** Tokens of ServiceAccounts, as kubelets ask for them. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { KubeObject } from '@dpf/api';
import type { KubeSim } from '@dpf/kube-sim';

/** Longer than a trial. */
const TOKEN_SECONDS = 30 * 86_400;

/** A token; bound to a Pod and for one audience where those are given. @throws with what the API server answers */
export async function tokenFor(
  api: KubeSim,
  namespace: string,
  account: string,
  { pod, audience }: { pod?: KubeObject; audience?: string } = {},
): Promise<string> {
  const { certPem, keyPem } = await api.pki.client('kubelet', ['system:masters']);
  const boundObjectRef = pod && { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid };
  const spec = { expirationSeconds: TOKEN_SECONDS, ...(audience && { audiences: [audience] }), ...(pod && { boundObjectRef }) };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const options = { method: 'POST', headers: { 'content-type': 'application/json' }, ca: api.caPem, cert: certPem, key: keyPem };
  const call = request(new URL(path, api.url), options);
  call.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 201) throw new Error(`the API server gives ${account} no token: ${response.statusCode} ${answer}`);
  return (JSON.parse(answer) as { status: { token: string } }).status.token;
}

/** The kubeconfig with the token in place of the administrator's certificate. */
export const kubeconfigWith = (kubeconfig: string, token: string): string =>
  kubeconfig.replace(/^(\s*)client-certificate-data: .*$/m, `$1token: ${token}`).replace(/^\s*client-key-data: .*\n?/m, '');
