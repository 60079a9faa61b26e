/** Writes the audit entry of an accepted write. */
import { isDryRun, type Api, type Call } from '../api.ts';
import type { AuditEntry } from '../audit.ts';
import type { KubeObject } from '../objects.ts';

export interface Written {
  verb: AuditEntry['verb'];
  /** The object before; absent: it was created. */
  before?: KubeObject | undefined;
  /** The object after; absent: it is gone. */
  after?: KubeObject | undefined;
  body?: unknown;
}

export function record(api: Api, call: Call, { verb, before, after, body }: Written): void {
  if (isDryRun(call)) return;
  const { group, plural } = call.resource;
  const meta = (after ?? before)?.metadata;
  const namespace = meta?.namespace ?? call.namespace;
  api.audit.add({
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
  });
}
