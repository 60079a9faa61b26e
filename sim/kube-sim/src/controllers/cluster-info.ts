/** Keeps kube-public/cluster-info: where the server is, its CA, and a signature per bootstrap token, as the control plane's signer does. */
import type { Api } from '../api.ts';
import { clusterInfo } from '../auth/bootstrap.ts';
import { systemCall } from '../install.ts';
import { clusterInfoKubeconfig } from '../kubeconfig.ts';
import { create, update } from '../verbs/write.ts';

const KEY = 'kube-public/cluster-info';

/** Writes it now and whenever the tokens change. */
export function keepClusterInfo(api: Api, url: string, caPem: string): void {
  const kubeconfig = clusterInfoKubeconfig(url, caPem);
  const call = { ...systemCall(api, 'v1', 'configmaps'), namespace: 'kube-public' };
  const collection = api.store.collection('/configmaps');
  const write = () => {
    const old = collection.items.get(KEY);
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cluster-info' }, data: clusterInfo(api, kubeconfig) };
    if (!old) create(api, call, object, () => undefined);
    else update(api, call, old, object, () => undefined);
  };
  write();
  api.store.onChange(({ key }, changed) => {
    if (changed.id === '/secrets' && key.startsWith('kube-system/bootstrap-token-')) write();
  });
}
