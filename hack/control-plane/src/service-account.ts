/** Kubeconfigs of service accounts. */
import type { Client } from './client.ts';

const DAY_SECONDS = 86_400;
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig (JSON, which is YAML) with a token of a day from a TokenRequest for `<namespace>/<name>`. */
export async function serviceAccountKubeconfig(admin: Client, server: string, caPem: string, account: string): Promise<string> {
  const [namespace, name] = account.split('/');
  if (!namespace || !name) throw new Error(`service account ${account}: say <namespace>/<name>`);
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const answer = await admin.demand<{ status: { token: string } }>('POST', path, { spec: { expirationSeconds: DAY_SECONDS } });
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name: account, user: { token: answer.status.token } }],
    contexts: [{ name: account, context: { cluster: 'kubernetes', user: account, namespace } }],
    'current-context': account,
  });
}
