/** Keeps kube-public/cluster-info: where the server is, its CA, and a signature per bootstrap token, as the control plane's signer does. */
import { clusterInfoKubeconfig } from '@dpf/pki';
import { accountOf, type ControlledApi, type KubeObject, type Place } from './api.ts';
import { signatureBy } from './bootstrap-token.ts';

const SIGNER = accountOf('bootstrap-signer');
const PLACE: Place = { resource: '/configmaps', key: 'kube-public/cluster-info' };
const SECRETS = '/secrets';
const TOKENS = 'kube-system/bootstrap-token-';
/** At most one write in this time, however many tokens come and go: the object grows with them. */
const PACE_MS = 100;

/** Writes it now and when tokens change; returns what stops that. */
export function keepClusterInfo(api: ControlledApi, url: string, caPem: string): () => void {
  const kubeconfig = clusterInfoKubeconfig(url, caPem);
  const signatures = new Map<string, string>();
  let changed = false;
  let pause: NodeJS.Timeout | undefined;
  const write = () => {
    pause = undefined;
    if (!changed) return;
    changed = false;
    const metadata = { name: 'cluster-info', namespace: 'kube-public' };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { kubeconfig, ...Object.fromEntries(signatures) } };
    if (api.get(PLACE)) api.update(SIGNER, PLACE, object);
    else api.create(SIGNER, PLACE.resource, object);
    pause = setTimeout(write, PACE_MS);
  };
  const touch = () => {
    changed = true;
    if (!pause) write();
  };
  const see = (key: string, secret: KubeObject | undefined) => {
    const name = `jws-kubeconfig-${key.slice(TOKENS.length)}`;
    const signature = secret && signatureBy(secret, kubeconfig, api.now());
    if (signature === undefined) signatures.delete(name);
    else signatures.set(name, signature);
  };
  for (const key of api.keys(SECRETS)) if (key.startsWith(TOKENS)) see(key, api.get({ resource: SECRETS, key }));
  touch();
  api.onChange(({ resource, key }, now) => {
    if (resource !== SECRETS || !key.startsWith(TOKENS)) return;
    see(key, now);
    touch();
  });
  return () => clearTimeout(pause);
}
