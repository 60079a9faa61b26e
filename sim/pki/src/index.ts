export { createPki, signingRequest, type KeyAndCert, type Pki, type SigningRequest } from './pki.ts';
export { clientKubeconfig, clusterInfoKubeconfig } from './kubeconfig.ts';
