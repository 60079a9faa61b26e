import { createHash } from 'node:crypto';
import type { KubeObject } from '@dpf/api';

/** core/v1 Event, as far as it is written. */
export interface Event extends KubeObject {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  involvedObject: { apiVersion: string; kind: string; namespace?: string; name: string; uid?: string; resourceVersion?: string };
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string };
  reportingComponent: string;
  reportingInstance: string;
}

/** Bounds of the API server, in characters. */
const LONGEST_MESSAGE = 1_024;
const LONGEST_REASON = 128;
const LONGEST_NAME = 230;

/**
 * An Event. Its name is made of what it says about whom: the same event has the same name in every replica and after every restart, so that all of
 * them count on one object.
 */
export function eventOf(
  component: string,
  about: KubeObject,
  said: { type: 'Normal' | 'Warning'; reason: string; message: string },
  at: string,
): Event {
  const { namespace, name, uid, resourceVersion } = about.metadata;
  const { apiVersion = '', kind = '' } = about;
  const reason = said.reason.slice(0, LONGEST_REASON);
  const message = said.message.slice(0, LONGEST_MESSAGE);
  const identity = [component, kind, namespace, name, uid, said.type, reason, message];
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // Events about cluster-wide objects live in the namespace default.
    metadata: { namespace: namespace ?? 'default', name: `${name.slice(0, LONGEST_NAME).replace(/[.-]+$/, '')}.${hash}` },
    type: said.type,
    reason,
    message,
    involvedObject: {
      apiVersion,
      kind,
      name,
      ...(namespace && { namespace }),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
    },
    count: 1,
    firstTimestamp: at,
    lastTimestamp: at,
    source: { component },
    reportingComponent: component,
    reportingInstance: component,
  };
}
