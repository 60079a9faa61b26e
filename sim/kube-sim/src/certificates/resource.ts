/** CertificateSigningRequest: who asks is written by the server, what is asked never changes, the answer is written through two subresources. */
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import type { User } from '../auth/user.ts';
import { at, isMap, type JsonMap, type KubeObject } from '../objects.ts';
import { atomicList, integer, keyedList, open, text, time } from '../resources/built-in-schemas.ts';
import { AGE, NAME, age, column } from '../resources/columns.ts';
import type { Resource } from '../resources/resource.ts';
import { field } from '../selectors.ts';
import { fault, immutable, required, type Cause } from '../status.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

export const conditionsOf = (object: KubeObject): Condition[] => (at(object, 'status', 'conditions') ?? []) as Condition[];
export const hasCondition = (object: KubeObject, ...types: string[]): boolean =>
  conditionsOf(object).some(({ type }) => types.includes(type));

/** The request itself (base64 of PEM in spec.request). @throws Error where it is none */
export function requestOf(object: KubeObject): Pkcs10CertificateRequest {
  const pem = Buffer.from(String(at(object, 'spec', 'request') ?? ''), 'base64').toString();
  if (!pem.includes('-----BEGIN CERTIFICATE REQUEST-----')) throw new Error('PEM block type must be CERTIFICATE REQUEST');
  return new Pkcs10CertificateRequest(pem);
}

function prepare(object: KubeObject, old: KubeObject | undefined, _now: Date, user: User): void {
  const { username: _, groups: _g, uid: _u, extra: _e, ...asked } = (isMap(object['spec']) ? object['spec'] : {}) as JsonMap;
  const asker = {
    username: user.name,
    groups: user.groups,
    ...(user.uid && { uid: user.uid }),
    ...(user.extra && { extra: user.extra }),
  };
  object['spec'] = old?.['spec'] ?? { ...asked, ...asker };
  object['status'] ??= {};
}

function check(object: KubeObject, old: KubeObject | undefined): Cause[] {
  if (old) {
    const issued = at(old, 'status', 'certificate');
    return issued !== undefined && issued !== at(object, 'status', 'certificate') ? [immutable('status.certificate')] : [];
  }
  const causes: Cause[] = [];
  if (!at(object, 'spec', 'signerName')) causes.push(required('spec.signerName'));
  if (!((at(object, 'spec', 'usages') ?? []) as unknown[]).length) causes.push(required('spec.usages'));
  try {
    requestOf(object);
  } catch (error) {
    causes.push(fault('spec.request', `Invalid value: ${(error as Error).message}`));
  }
  return causes;
}

/** `Approved,Issued`, as kubectl shows it. */
function stateOf(object: KubeObject): string {
  const words = ['Approved', 'Denied', 'Failed'].filter((type) => hasCondition(object, type));
  if (words.length === 0) words.push('Pending');
  if (at(object, 'status', 'certificate')) words.push('Issued');
  return words.join(',');
}

function duration(object: KubeObject, now: Date): string {
  const seconds = at(object, 'spec', 'expirationSeconds');
  return typeof seconds === 'number' ? age(new Date(now.getTime() - seconds * 1000).toISOString(), now) : '<none>';
}

export const CSR: Resource = {
  group: 'certificates.k8s.io',
  version: 'v1',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  kind: 'CertificateSigningRequest',
  shortNames: ['csr'],
  categories: [],
  namespaced: false,
  builtin: true,
  collection: 'certificates.k8s.io/certificatesigningrequests',
  schema: open({
    spec: open({
      request: text,
      signerName: text,
      expirationSeconds: integer,
      usages: atomicList(text),
      username: text,
      uid: text,
      groups: atomicList(text),
    }),
    status: open({
      certificate: text,
      conditions: keyedList(
        ['type'],
        open({ type: text, status: text, reason: text, message: text, lastUpdateTime: time, lastTransitionTime: time }),
      ),
    }),
  }),
  statusSubresource: true,
  statusLike: ['approval'],
  generation: false,
  fields: field('spec.signerName'),
  columns: [
    NAME,
    AGE,
    column('SignerName', 'spec.signerName'),
    column('Requestor', 'spec.username'),
    column('RequestedDuration', duration),
    column('Condition', stateOf),
  ],
  prepare,
  check,
};
