/** Writes the audit entry of an accepted write. */
import { randomUUID } from 'node:crypto';
import { isDryRun, type Api, type Call } from '../api.ts';
import type { AuditEntry, AuditEvent } from '../audit.ts';
import type { KubeObject } from '../objects.ts';
import { apiPathOf } from '../resources/resource.ts';

export interface Written {
  verb: AuditEntry['verb'];
  /** The object before; absent: it was created. */
  before?: KubeObject | undefined;
  /** The object after; absent: it is gone. */
  after?: KubeObject | undefined;
  body?: unknown;
}

export function record(api: Api, call: Call, written: Written): void {
  if (isDryRun(call)) return;
  const { verb, before, after, body } = written;
  const { group, plural } = call.resource;
  const meta = (after ?? before)?.metadata;
  const namespace = meta?.namespace ?? call.namespace;
  const entry: AuditEntry = {
    time: api.clock().toISOString(),
    verb,
    group,
    resource: plural,
    ...(call.subresource && { subresource: call.subresource }),
    ...(namespace && { namespace }),
    name: meta?.name ?? call.name ?? '',
    ...(meta?.uid && { uid: meta.uid }),
    user: call.user.name,
    userAgent: call.userAgent,
    ...(before && { before: before.metadata.resourceVersion! }),
    ...(after && { after: after.metadata.resourceVersion! }),
    // Secrets do not go to any log.
    ...(body !== undefined && plural !== 'secrets' && { body }),
  };
  api.audit.add(entry, () => eventOf(entry, call, written));
}

/** As a real API server writes it: an apply is a patch, and what is gone is answered with a Status that bears no object. */
function eventOf({ time, ...entry }: AuditEntry, call: Call, { before, after, body }: Written): AuditEvent {
  const { resource, subresource, namespace, name, uid, group } = entry;
  const { version } = call.resource;
  const secret = resource === 'secrets';
  const path = [`/${apiPathOf(call.resource)}`, namespace && `namespaces/${namespace}`, resource, call.name, subresource];
  const query = call.query.size > 0 ? `?${call.query}` : '';
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: secret ? 'Metadata' : 'RequestResponse',
    auditID: randomUUID(),
    stage: 'ResponseComplete',
    requestURI: path.filter(Boolean).join('/') + query,
    verb: entry.verb === 'apply' ? 'patch' : entry.verb,
    user: { username: call.user.name, groups: call.user.groups },
    userAgent: entry.userAgent,
    objectRef: {
      resource,
      ...(namespace && { namespace }),
      name,
      ...(uid && { uid }),
      ...(group && { apiGroup: group }),
      apiVersion: version,
      ...(subresource && { subresource }),
    },
    responseStatus: { code: before ? 200 : 201 },
    ...(!secret && body !== undefined && { requestObject: body }),
    ...(!secret && { responseObject: after ?? { kind: 'Status', apiVersion: 'v1', status: 'Success', details: { name, uid } } }),
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
}
