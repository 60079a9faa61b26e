/** What a node keeps on its disk to reach its cluster, in the files of kubeadm and kubelet. The bootstrap token is not among them. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Board } from '../card/board.ts';
import type { TrustedCluster } from './cluster-info.ts';
import { newKey } from './signing-request.ts';

const CONFIG = 'etc/kubernetes/kubelet.conf';
const CA = 'etc/kubernetes/pki/ca.crt';
/** Certificate and key in one file. */
const IDENTITY = 'var/lib/kubelet/pki/kubelet-client-current.pem';
/** The key while its certificate is awaited: a join that is tried again asks for the same certificate. */
const KEY_IN_WAITING = 'var/lib/kubelet/pki/kubelet-client.key.tmp';

export interface Credential extends TrustedCluster {
  nodeName: string;
  /** PEM */
  cert: string;
  key: string;
}

export const hasCredential = (card: Board): boolean => existsSync(join(card.emmc, CONFIG));

/** The key to ask a certificate for; made once. */
export function keyInWaiting(card: Board): string {
  const file = join(card.emmc, KEY_IN_WAITING);
  if (!existsSync(file)) card.writeDisk(KEY_IN_WAITING, newKey(), 0o600);
  return readFileSync(file, 'utf8');
}

/** Written last, kubelet.conf says that the node has joined. */
export function saveCredential(card: Board, { server, ca, cert, key }: Omit<Credential, 'nodeName'>): void {
  card.writeDisk(CA, ca);
  card.writeDisk(IDENTITY, `${cert.trim()}\n${key.trim()}\n`, 0o600);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'default-cluster', cluster: { server, 'certificate-authority': `/${CA}` } }],
    users: [{ name: 'default-auth', user: { 'client-certificate': `/${IDENTITY}`, 'client-key': `/${IDENTITY}` } }],
    contexts: [{ name: 'default-context', context: { cluster: 'default-cluster', user: 'default-auth' } }],
    'current-context': 'default-context',
  };
  card.writeDisk(CONFIG, stringify(config), 0o600);
  rmSync(join(card.emmc, KEY_IN_WAITING), { force: true });
}

/** What {@link saveCredential} wrote; the node's name is in its certificate. */
export function loadCredential(card: Board): Credential {
  const read = (path: string) => readFileSync(join(card.emmc, path), 'utf8');
  const { clusters } = parse(read(CONFIG)) as { clusters: [{ cluster: { server: string } }] };
  const identity = read(IDENTITY);
  const nodeName = /CN=system:node:(\S+)/.exec(new X509Certificate(identity).subject)?.[1];
  if (nodeName === undefined) throw new Error(`${IDENTITY} is no certificate of a node`);
  return { server: clusters[0].cluster.server, ca: read(CA), nodeName, cert: identity, key: identity };
}
