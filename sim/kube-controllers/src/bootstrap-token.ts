/** Bootstrap tokens: Secrets of kube-system that let a machine join, and the signatures over cluster-info that they can check. */
import { createHmac } from 'node:crypto';
import type { KubeObject } from './api.ts';

const TYPE = 'bootstrap.kubernetes.io/token';
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export interface BootstrapToken {
  id: string;
  secret: string;
  /** Whether it may be used to authenticate, to sign. */
  authentication: boolean;
  signing: boolean;
  groups: string[];
}

/** Reads a token's Secret; undefined where it is none, or has expired. */
export function readBootstrapToken(object: KubeObject, now: Date): BootstrapToken | undefined {
  const data = (object['data'] ?? {}) as Record<string, unknown>;
  const value = (name: string) => Buffer.from(String(data[name] ?? ''), 'base64').toString();
  const id = value('token-id');
  if (object['type'] !== TYPE || object.metadata.deletionTimestamp || object.metadata.name !== `bootstrap-token-${id}`) return undefined;
  const expiration = value('expiration');
  if (expiration && !(Date.parse(expiration) > now.getTime())) return undefined;
  const groups = value('auth-extra-groups')
    .split(',')
    .filter((group) => GROUP.test(group));
  const may = (use: string) => value(`usage-bootstrap-${use}`) === 'true';
  return { id, secret: value('token-secret'), authentication: may('authentication'), signing: may('signing'), groups };
}

/** JWS with detached payload (HS256, the token id as key id), as kubeadm verifies it. */
export function detachedSignature(content: string, id: string, secret: string): string {
  const head = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url');
  const payload = Buffer.from(content).toString('base64url');
  return `${head}..${createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url')}`;
}

/** The signature of cluster-info by the token that a Secret holds; undefined where it may not sign, or has expired. */
export function signatureBy(object: KubeObject, kubeconfig: string, now: Date): string | undefined {
  const token = readBootstrapToken(object, now);
  return token?.signing ? detachedSignature(kubeconfig, token.id, token.secret) : undefined;
}
