/** Where an image is fetched from: the address after rewrites, credentials and CA, from objects in the namespace of the Bfb. */
import type { Bfb, ConfigMap, Secret } from '@dpf/api';
import { DownloadFailure } from './failure.ts';

/** Addresses that start with `from` are fetched from `to` instead (mirrors, air-gapped sites). */
export interface UrlRewrite {
  from: string;
  to: string;
}

export interface Source {
  url: string;
  /** Secret. */
  headers: Record<string, string>;
  /** PEM. */
  ca?: string;
}

/** The longest prefix wins. */
export function rewrite(url: string, rules: readonly UrlRewrite[]): string {
  const rule = rules.filter(({ from }) => url.startsWith(from)).sort((a, b) => b.from.length - a.from.length)[0];
  return rule ? rule.to + url.slice(rule.from.length) : url;
}

/** @throws DownloadFailure SourceSecretInvalid */
export function sourceOf(bfb: Bfb, rules: readonly UrlRewrite[], secret: Secret | undefined, caBundle: ConfigMap | undefined): Source {
  const { caBundleRef, secretRef, url } = bfb.spec;
  const source: Source = { url: rewrite(url, rules), headers: {} };
  if (caBundleRef) {
    const ca = caBundle?.data?.['ca.crt'];
    if (!ca)
      throw new DownloadFailure(
        'SourceSecretInvalid',
        `ConfigMap ${caBundleRef.name} (spec.caBundleRef) ${caBundle ? 'has no key ca.crt' : 'does not exist'}`,
      );
    source.ca = ca;
  }
  if (secretRef) {
    if (!secret) throw new DownloadFailure('SourceSecretInvalid', `Secret ${secretRef.name} (spec.secretRef) does not exist`);
    source.headers = headersOf(secret, secretRef.name);
  }
  return source;
}

/** A Secret holds `username` and `password`, or `token`, or `headers` (one `Name: value` a line). */
function headersOf(secret: Secret, name: string): Record<string, string> {
  const value = (key: string) =>
    secret.data?.[key] === undefined ? undefined : Buffer.from(secret.data[key], 'base64').toString('utf8').trim();
  const [username, password, token, headers] = [value('username'), value('password'), value('token'), value('headers')];
  if (username !== undefined && password !== undefined)
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  if (token !== undefined) {
    if (/^[\x21-\x7e]+$/.test(token)) return { authorization: `Bearer ${token}` };
    throw new DownloadFailure(
      'SourceSecretInvalid',
      `Secret ${name} (spec.secretRef): the key token must hold one word of printable characters`,
    );
  }
  if (headers !== undefined) {
    const pairs = headers.split('\n').map((line) => /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*([\x20-\x7e]*)$/.exec(line.trim()));
    if (pairs.every((pair) => pair !== null)) return Object.fromEntries(pairs.map((pair) => [pair[1]?.toLowerCase(), pair[2]]));
    throw new DownloadFailure(
      'SourceSecretInvalid',
      `Secret ${name} (spec.secretRef): the key headers must hold lines of the form "Name: value"`,
    );
  }
  throw new DownloadFailure(
    'SourceSecretInvalid',
    `Secret ${name} (spec.secretRef) holds neither username and password, nor token, nor headers`,
  );
}
