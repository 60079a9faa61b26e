/** How kubeadm trusts a cluster that it knows only by endpoint, token and CA hash (kubeadm's token discovery). */
import { createHash, createHmac, timingSafeEqual, X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { JoinRefused, request } from './api-request.ts';

export interface JoinArguments {
  /** `host:port` */
  endpoint: string;
  /** `<id>.<secret>` */
  token: string;
  /** `sha256:<hex>` of the CA's public key (SPKI, DER). */
  caHash: string;
  nodeName: string;
}

/** A cluster that was proved to be the one that was meant. */
export interface TrustedCluster {
  /** `https://host:port` */
  server: string;
  /** PEM */
  ca: string;
}

/** Reads `kubeadm join <endpoint> --token … --discovery-token-ca-cert-hash … --node-name …` (`--x=y` too). @throws JoinRefused naming what is missing */
export function parseJoin(argv: readonly string[]): JoinArguments {
  const flags = new Map<string, string>();
  const plain: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    const [name, value] = word.split(/=(.*)/s);
    if (!word.startsWith('--')) plain.push(word);
    else if (value !== undefined) flags.set(name as string, value);
    else if (argv[i + 1] !== undefined && !argv[i + 1]?.startsWith('-')) flags.set(word, argv[++i] as string);
  }
  const [verb, endpoint] = plain;
  const found = { token: flags.get('--token'), caHash: flags.get('--discovery-token-ca-cert-hash'), nodeName: flags.get('--node-name') };
  if (verb !== 'join' || !endpoint) throw new JoinRefused('kubeadm: only `join HOST:PORT` is known here');
  for (const [name, value] of Object.entries(found)) if (!value) throw new JoinRefused(`kubeadm join: ${name} is missing`);
  return { endpoint, ...(found as { token: string; caHash: string; nodeName: string }) };
}

/** The cluster's server and CA, proved by the token's signature over them and by the hash. @throws JoinRefused */
export async function discover({ endpoint, token, caHash }: JoinArguments, signal: AbortSignal): Promise<TrustedCluster> {
  const path = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
  const response = await request({ server: `https://${endpoint}`, path, signal });
  if (response.status !== 200) throw new JoinRefused(`cluster-info cannot be read: HTTP ${response.status}`);
  const data = (response.body as { data?: Record<string, string> }).data ?? {};
  const kubeconfig = data.kubeconfig ?? '';
  const [id, secret] = token.split('.') as [string, string | undefined];
  const signature = data[`jws-kubeconfig-${id}`];
  if (signature === undefined)
    throw new JoinRefused(`cluster-info is not signed for token ${id}: the cluster does not know the token, or not yet, or no longer`);
  if (!signed(kubeconfig, signature, secret ?? '')) throw new JoinRefused('the signature of cluster-info is not by this token');
  const cluster = (parse(kubeconfig) as { clusters?: { cluster?: Record<string, string> }[] } | null)?.clusters?.[0]?.cluster;
  const ca = Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString();
  if (!ca.includes('BEGIN CERTIFICATE')) throw new JoinRefused('cluster-info holds no CA certificate');
  if (spkiHash(ca) !== caHash) throw new JoinRefused('the CA of the cluster is not the one that was pinned');
  if (!cluster?.server?.startsWith('https://')) throw new JoinRefused('cluster-info names no https server');
  return { server: cluster.server, ca };
}

const spkiHash = (pem: string) =>
  `sha256:${createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;

/** A JWS with detached content: header..signature, HS256 with the token's secret. */
function signed(content: string, jws: string, secret: string): boolean {
  const [header, , signature] = jws.split('.');
  const expected = createHmac('sha256', secret)
    .update(`${header}.${Buffer.from(content).toString('base64url')}`)
    .digest();
  const given = Buffer.from(signature ?? '', 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
