/** Rights of service accounts: those that a chart grants, and those that an audit log shows in use. Each is a text like `dpu-controller: patch dpus/status`. */
import type { KubeObject } from '@dpf/api';
import type { AuditEvent } from './audit.ts';

interface Rule {
  resources?: string[];
  verbs: string[];
}
/** A Role, a binding, or any other object of a chart. */
export interface ChartObject extends KubeObject {
  rules?: Rule[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[];
}

const text = (account: string, verb: string, resource: string) => `${account}: ${verb} ${resource}`;

/** What the bindings among these objects grant to service accounts whose names begin with the prefix. */
export function grantedRights(objects: readonly ChartObject[], prefix: string): Set<string> {
  const roles = Map.groupBy(objects, ({ kind = '', metadata }) => `${kind}/${metadata.name}`);
  const granted = new Set<string>();
  for (const { roleRef, subjects = [] } of objects) {
    if (!roleRef) continue;
    const rules = (roles.get(`${roleRef.kind}/${roleRef.name}`) ?? []).flatMap(({ rules = [] }) => rules);
    for (const { kind, name } of subjects)
      if (kind === 'ServiceAccount' && name.startsWith(prefix))
        for (const { resources = [], verbs } of rules)
          for (const resource of resources) for (const verb of verbs) granted.add(text(name.slice(prefix.length), verb, resource));
  }
  return granted;
}

/** What these accounts asked for and were not refused. */
export function usedRights(events: Iterable<AuditEvent>, prefix: string): Set<string> {
  const used = new Set<string>();
  for (const { verb, user, objectRef, responseStatus } of events) {
    const name = user.username.split(':').at(-1) ?? '';
    if (!user.username.startsWith('system:serviceaccount:') || !name.startsWith(prefix) || !objectRef || responseStatus?.code === 403)
      continue;
    used.add(text(name.slice(prefix.length), verb, [objectRef.resource, objectRef.subresource].filter(Boolean).join('/')));
  }
  return used;
}
