export { createPki, type KeyAndCert, type Pki } from './pki.ts';
export { clientKubeconfig, clusterInfoKubeconfig } from './kubeconfig.ts';
