/** The key that signs service-account tokens, and the signed tokens themselves (JWT, ES256). */
import { createPublicKey, generateKeyPairSync, sign, verify, createPrivateKey, type KeyObject } from 'node:crypto';
import { isMap, type JsonMap } from '../objects.ts';

export const ISSUER = 'https://kubernetes.default.svc.cluster.local';
/** The audience of tokens that are meant for this API. */
export const API_AUDIENCE = ISSUER;

export interface Keys {
  sign(claims: JsonMap): string;
  /** The claims of a token that this server signed; undefined for any other text. Says nothing about expiry. */
  open(token: string): JsonMap | undefined;
  /** PKCS#8, for a server that keeps its state. */
  pem: string;
}

const encode = (value: JsonMap): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const ES256 = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' as const });

/** Makes a signing key, or takes up the one given in PEM. */
export function createKeys(pem?: string): Keys {
  const privateKey = pem ? createPrivateKey(pem) : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const publicKey = createPublicKey(privateKey);
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    sign(claims) {
      const text = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}`;
      return `${text}.${sign('sha256', Buffer.from(text), ES256(privateKey)).toString('base64url')}`;
    },
    open(token) {
      const [head, body, signature, ...more] = token.split('.');
      if (!head || !body || !signature || more.length > 0) return undefined;
      if (!verify('sha256', Buffer.from(`${head}.${body}`), ES256(publicKey), Buffer.from(signature, 'base64url'))) return undefined;
      const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
      return isMap(claims) ? claims : undefined;
    },
  };
}
