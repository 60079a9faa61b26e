/** A real API server for test files: etcd and kube-apiserver alone. */
import { describe } from '@jest/globals';
import type { Pki } from '@dpf/pki';
import { knownAssets } from '../src/assets.ts';
import { startControlPlane } from '../src/control-plane.ts';

export interface ApiServer {
  url: string;
  /** Text of an administrator's kubeconfig. */
  kubeconfig: string;
  caPem: string;
  pki: Pki;
  /** Kills the API server and starts it again, with the same state. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Tells stories on a real API server; on a machine without one each of them is skipped, and counted. */
export function onRealApi(tell: (start: (options?: { pki?: Pki }) => Promise<ApiServer>) => void): void {
  const assets = knownAssets('api');
  if ('folder' in assets) {
    const { folder } = assets;
    tell(async (options = {}) => {
      const plane = await startControlPlane({ ...options, assets: folder, name: 'api', controllers: false });
      const { url, adminKubeconfig: kubeconfig, caPem, pki, stop: close } = plane;
      return { url, kubeconfig, caPem, pki, restart: () => plane.restart({ signal: 'SIGKILL' }), close };
    });
  } else {
    describe.skip(assets.skip, () => tell(() => Promise.reject(new Error(assets.skip))));
  }
}
