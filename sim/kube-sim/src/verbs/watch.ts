/** WATCH: replays what happened since a resourceVersion, then follows; transitions in and out of the selection are ADDED and DELETED. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isTrue } from '@dpf/kube-faults';
import { collectionOf, type Api, type Call } from '../api.ts';
import { gone } from '../status.ts';
import { Stored, type Change } from '../store/collection.ts';
import { apiVersionOf } from '../resources/resource.ts';
import { encoderOf } from '../http/encode.ts';
import { turn } from '../http/respond.ts';
import type { KubeObject } from '../objects.ts';
import { checkWatchOptions } from './options.ts';
import { selectorOf } from './read.ts';

const BOOKMARK_MS = 15_000;
/** A real server ends watches after 30 to 60 minutes when the client names no limit. */
const LONGEST_SECONDS = 1800;
/** A reader that is this many bytes behind is cut off: it resumes when it can. */
const BACKLOG = 32 * 1024 * 1024;
/** Events sent before others get a turn. */
const PIECE = 1000;
const INITIAL_END = 'k8s.io/initial-events-end';

const restamped = (object: KubeObject, revision: number): Stored =>
  new Stored({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }, revision);

export function watch(api: Api, call: Call, request: IncomingMessage, response: ServerResponse): void {
  checkWatchOptions(call);
  const { query } = call;
  const collection = collectionOf(api, call.resource);
  const selected = selectorOf(call) ?? (() => true);
  const matches = (object: KubeObject) => (!call.namespace || object.metadata.namespace === call.namespace) && selected(object);
  const encode = encoderOf(api, call, request).event;
  const bookmarks = isTrue(query.get('allowWatchBookmarks'));
  const version = query.get('resourceVersion') ?? '';
  const withInitial = isTrue(query.get('sendInitialEvents'));
  const fromNow = version === '' || version === '0' || withInitial;
  const missed = fromNow ? [] : collection.since(Number(version));

  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
  response.flushHeaders();
  const send = (type: string, stored: Stored) => {
    response.write(encode(type, stored));
    if (response.writableLength > BACKLOG) response.destroy();
  };
  const deliver = ({ type, now, before }: Change) => {
    const is = type !== 'DELETED' && matches(now.object);
    const was = before !== undefined && matches(before.object);
    if (is) send(was ? 'MODIFIED' : 'ADDED', now);
    // What leaves the selection is told as it was in it, with the version of the change.
    else if (was) send('DELETED', type === 'DELETED' ? now : restamped(before.object, now.revision));
  };
  const bookmark = (revision = api.store.revision, annotations?: Record<string, string>) => {
    const metadata = { resourceVersion: String(revision), ...(annotations && { annotations }) };
    const object = { kind: call.resource.kind, apiVersion: apiVersionOf(call.resource), metadata };
    response.write(JSON.stringify({ type: 'BOOKMARK', object }) + '\n');
  };
  if (!missed) {
    const failure = gone(`too old resource version: ${version} (${collection.compactedTo})`);
    response.end(JSON.stringify({ type: 'ERROR', object: failure.status() }) + '\n');
    return;
  }

  const initial = fromNow && query.get('sendInitialEvents') !== 'false' && query.get('sendInitialEvents') !== '0';
  // Both what is there and what was missed may be long: it is sent in pieces, and what happens meanwhile waits behind it.
  let live = false;
  const waiting = [...missed];
  const unsubscribe = collection.subscribe((change) => (live ? deliver(change) : waiting.push(change)));
  const begin = async () => {
    const { revision } = api.store;
    const there = initial ? collection.keys().map((key) => collection.items.get(key)!) : [];
    while (there.length > 0) {
      for (const stored of there.splice(0, PIECE)) if (matches(stored.object)) response.write(encode('ADDED', stored));
      if (there.length > 0) await turn(response);
      if (response.writableEnded || response.destroyed) return;
    }
    if (withInitial && bookmarks) bookmark(revision, { [INITIAL_END]: 'true' });
    while (waiting.length > 0) {
      waiting.splice(0, PIECE).forEach(deliver);
      if (waiting.length > 0) await turn(response);
      if (response.writableEnded || response.destroyed) return;
    }
    live = true;
  };
  void begin();
  const seconds = Math.min(Number(query.get('timeoutSeconds')) || LONGEST_SECONDS, LONGEST_SECONDS);
  const timeout = setTimeout(() => {
    if (bookmarks && live) bookmark();
    // Now, not once the end is on the wire: a slow reader takes its time, and nothing may follow the end.
    stop();
    response.end();
  }, seconds * 1000);
  const ticks = bookmarks ? setInterval(() => live && bookmark(), BOOKMARK_MS) : undefined;
  const stop = () => {
    unsubscribe();
    clearTimeout(timeout);
    clearInterval(ticks);
  };
  response.on('close', stop).on('finish', stop);
}
