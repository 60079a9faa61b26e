/** Writes an accepted write down. */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { isDryRun, type Api, type Call } from '../api.ts';
import type { AuditEvent } from '../audit.ts';
import type { KubeObject } from '../objects.ts';
import { apiPathOf } from '../resources/resource.ts';

export interface Written {
  verb: 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';
  /** The object before; absent: it was created. */
  before?: KubeObject | undefined;
  /** The object after; absent: it is gone. */
  after?: KubeObject | undefined;
  body?: unknown;
}

/** Appends the event to the audit log, where there is one. Dry runs are not in it, nor what is in Secrets. */
export function record(api: Api, call: Call, { verb, before, after, body }: Written): void {
  if (api.auditLog === undefined || isDryRun(call)) return;
  const { resource, subresource, user, userAgent, query } = call;
  const { group, version, plural } = resource;
  const { name, namespace, uid } = (after ?? before)!.metadata;
  const path = [`/${apiPathOf(resource)}`, namespace && `namespaces/${namespace}`, plural, call.name, subresource];
  const requestReceivedTimestamp = api.clock().toISOString();
  const secret = plural === 'secrets';
  const event: AuditEvent = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: secret ? 'Metadata' : 'RequestResponse',
    auditID: randomUUID(),
    stage: 'ResponseComplete',
    requestURI: path.filter(Boolean).join('/') + (query.size > 0 ? `?${query}` : ''),
    verb,
    user: { username: user.name, groups: user.groups },
    userAgent,
    objectRef: { resource: plural, namespace, name, uid, apiGroup: group || undefined, apiVersion: version, subresource },
    responseStatus: { code: before ? 200 : 201 },
    requestObject: secret ? undefined : body,
    // What is gone is answered with a Status that bears no object.
    responseObject: secret ? undefined : (after ?? { kind: 'Status', apiVersion: 'v1', status: 'Success', details: { name, uid } }),
    requestReceivedTimestamp,
    stageTimestamp: requestReceivedTimestamp,
  };
  appendFileSync(api.auditLog, JSON.stringify(event) + '\n');
}
