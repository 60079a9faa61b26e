import { readFile } from 'node:fs/promises';
import { cachedCredentials, type Credentials } from './credentials.ts';
import { KubeconfigError } from './kubeconfig-error.ts';

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The identity that Kubernetes mounts into a Pod; the kubelet renews the token, so the files are read again.
 * @param server default: the Service `kubernetes`, by its DNS name, which the API server's certificate bears
 */
export function inClusterCredentials(server = 'https://kubernetes.default.svc', folder = FOLDER): Credentials {
  return cachedCredentials(server, async () => {
    try {
      const [ca, token] = await Promise.all([readFile(`${folder}/ca.crt`, 'utf8'), readFile(`${folder}/token`, 'utf8')]);
      return { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
    } catch (error) {
      throw new KubeconfigError(`no kubeconfig was given and this is no Pod with a service account (${(error as Error).message})`, {
        cause: error,
      });
    }
  });
}
