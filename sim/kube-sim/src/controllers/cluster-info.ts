/** Keeps kube-public/cluster-info: where the server is, its CA, and a signature per bootstrap token, as the control plane's signer does. */
import { clusterInfoKubeconfig } from '@dpf/pki';
import type { Api } from '../api.ts';
import { signatureBy } from '../auth/bootstrap.ts';
import { systemCall } from '../install.ts';
import type { KubeObject } from '../objects.ts';
import { create, update } from '../verbs/write.ts';

const KEY = 'kube-public/cluster-info';
const TOKENS = 'kube-system/bootstrap-token-';
/** At most one write in this time, however many tokens come and go: the object grows with them. */
const PACE_MS = 100;

/** Writes it now and when tokens change; returns what stops that. */
export function keepClusterInfo(api: Api, url: string, caPem: string): () => void {
  const kubeconfig = clusterInfoKubeconfig(url, caPem);
  const call = { ...systemCall(api, 'v1', 'configmaps'), namespace: 'kube-public' };
  const collection = api.store.collection('/configmaps');
  const signatures = new Map<string, string>();
  let changed = false;
  let pause: NodeJS.Timeout | undefined;
  const write = () => {
    pause = undefined;
    if (!changed) return;
    changed = false;
    const data = { kubeconfig, ...Object.fromEntries(signatures) };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cluster-info' }, data };
    const old = collection.items.get(KEY);
    if (!old) create(api, call, object, () => undefined);
    else update(api, call, old, object, () => undefined);
    pause = setTimeout(write, PACE_MS);
  };
  const touch = () => {
    changed = true;
    if (!pause) write();
  };
  const see = (key: string, secret: KubeObject | undefined) => {
    const name = `jws-kubeconfig-${key.slice(TOKENS.length)}`;
    const signature = secret && signatureBy(secret, kubeconfig, api.clock());
    if (signature === undefined) signatures.delete(name);
    else signatures.set(name, signature);
  };
  for (const [key, { object }] of api.store.collection('/secrets').items) if (key.startsWith(TOKENS)) see(key, object);
  touch();
  api.store.onChange(({ type, key, now }, { id }) => {
    if (id !== '/secrets' || !key.startsWith(TOKENS)) return;
    see(key, type === 'DELETED' ? undefined : now.object);
    touch();
  });
  return () => clearTimeout(pause);
}
