/** Kubeconfig files, as text. */
import { stringify } from 'yaml';
import type { KeyAndCert } from './pki.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig with a client certificate. */
export const clientKubeconfig = (server: string, caPem: string, user: KeyAndCert): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [
      { name: 'kubernetes-admin', user: { 'client-certificate-data': base64(user.certPem), 'client-key-data': base64(user.keyPem) } },
    ],
    contexts: [{ name: 'kubernetes', context: { cluster: 'kubernetes', user: 'kubernetes-admin' } }],
    'current-context': 'kubernetes',
  });

/** The kubeconfig that kube-public/cluster-info carries: where the server is and its CA, nobody's credentials. */
export const clusterInfoKubeconfig = (server: string, caPem: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: '', cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    contexts: null,
    'current-context': '',
    preferences: {},
    users: null,
  });
