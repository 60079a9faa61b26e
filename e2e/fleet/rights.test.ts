import { describe, expect, test } from '@jest/globals';
import type { AuditEvent } from './audit.ts';
import { grantedRights, usedRights, type ChartObject } from './rights.ts';

const PREFIX = 'dpf-';
const role: ChartObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: 'r' },
  rules: [{ resources: ['dpus', 'dpus/status'], verbs: ['get', 'patch'] }],
};
const binding = (kind: string, account: string): ChartObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: `${kind}Binding`,
  metadata: { name: 'b' },
  roleRef: { kind, name: 'r' },
  subjects: [{ kind: 'ServiceAccount', name: account }],
});
const event = (username: string, code = 200): AuditEvent => ({
  stage: 'ResponseComplete',
  requestURI: '/x',
  verb: 'patch',
  user: { username },
  objectRef: { resource: 'dpus', subresource: 'status' },
  responseStatus: { code },
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
});

describe('rights', () => {
  test('are granted by a binding, to the accounts of the release', () => {
    const all = ['get dpus', 'patch dpus', 'get dpus/status', 'patch dpus/status'].map((right) => `one: ${right}`);
    expect([...grantedRights([role, binding('Role', 'dpf-one'), binding('Role', 'other')], PREFIX)]).toEqual(all);
  });
  test('are not granted by a role of another kind, nor by a role alone', () => {
    expect([...grantedRights([role, binding('ClusterRole', 'dpf-one')], PREFIX)]).toEqual([]);
    expect([...grantedRights([role], PREFIX)]).toEqual([]);
  });
  test('are used by requests that were not refused, conflicts among them', () => {
    const account = 'system:serviceaccount:ns:dpf-one';
    expect([...usedRights([event(account, 409), event(account), event('admin')], PREFIX)]).toEqual(['one: patch dpus/status']);
    expect([...usedRights([event(account, 403)], PREFIX)]).toEqual([]);
  });
});
