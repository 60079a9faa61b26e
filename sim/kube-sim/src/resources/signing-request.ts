/** CertificateSigningRequest: who asks is written by the server, what is asked never changes, the answer is written through two subresources. */
import { signingRequest } from '@dpf/pki';
import { attempt, immutable, required, type Cause } from '@dpf/kube-schema';
import { at, isMap, type JsonMap, type KubeObject } from '../objects.ts';
import { AGE, NAME, age, column } from './columns.ts';
import { define } from './define.ts';
import type { Resource } from './resource.ts';

const prepare: Resource['prepare'] = (object, old, { user: { name: username, groups, uid, extra } }) => {
  const { username: _, groups: _g, uid: _u, extra: _e, ...asked } = (isMap(object['spec']) ? object['spec'] : {}) as JsonMap;
  object['spec'] = old?.['spec'] ?? { ...asked, username, groups, ...(uid && { uid }), ...(extra && { extra }) };
  object['status'] ??= {};
};

function check(object: KubeObject, old: KubeObject | undefined): Cause[] {
  if (old) {
    const [issued, given] = [at(old, 'status', 'certificate'), at(object, 'status', 'certificate')];
    return issued !== undefined && issued !== given ? [immutable('status.certificate', given ?? '')] : [];
  }
  const causes: Cause[] = [];
  if (!at(object, 'spec', 'signerName')) causes.push(required('spec.signerName'));
  if (!((at(object, 'spec', 'usages') ?? []) as unknown[]).length) causes.push(required('spec.usages'));
  return [...causes, ...attempt('spec.request', () => signingRequest(String(at(object, 'spec', 'request') ?? '')))];
}

/** `Approved,Issued`, as kubectl shows it. */
function stateOf(object: KubeObject): string {
  const conditions = (at(object, 'status', 'conditions') ?? []) as { type: string }[];
  const words = ['Approved', 'Denied', 'Failed'].filter((name) => conditions.some(({ type }) => type === name));
  if (words.length === 0) words.push('Pending');
  if (at(object, 'status', 'certificate')) words.push('Issued');
  return words.join(',');
}

function duration(object: KubeObject, now: Date): string {
  const seconds = at(object, 'spec', 'expirationSeconds');
  return typeof seconds === 'number' ? age(new Date(now.getTime() - seconds * 1000).toISOString(), now) : '<none>';
}

export const CSR = define('CertificateSigningRequest', 'certificates.k8s.io', {
  shortNames: ['csr'],
  namespaced: false,
  statusSubresource: true,
  statusLike: ['approval'],
  fields: { 'spec.signerName': 'spec.signerName' },
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
});
