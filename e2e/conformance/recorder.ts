/**
 * Loaded into processes before anything else (`node --import`): notes each kind of request that reaches an HTTP server of theirs, once per
 * client, as a line in the folder that REQUEST_RECORD names. Node tells of requests by a diagnostics channel, so no server knows of it.
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { kindOf } from './request-kind.ts';

/** Calls back with the kind and the client's name of every request to an API, in this process. */
export function onRequestKind(tell: (kind: string, client: string) => void): void {
  subscribe('http.server.request.start', (message) => {
    const { method = 'GET', url = '/', headers } = (message as { request: IncomingMessage }).request;
    const kind = kindOf({ method, url, contentType: headers['content-type'], accept: headers.accept });
    if (kind !== undefined) tell(kind, (headers['user-agent'] ?? 'unnamed').split(/[/ ]/)[0]!);
  });
}

const folder = process.env['REQUEST_RECORD'];
if (folder !== undefined) {
  const known = new Set<string>();
  onRequestKind((kind, client) => {
    const line = JSON.stringify([kind, client]);
    if (known.has(line)) return;
    known.add(line);
    appendFileSync(join(folder, `${process.pid}.jsonl`), `${line}\n`);
  });
}
