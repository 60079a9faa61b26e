/** The control API: JSON over HTTP on a loopback port of its own, so that it answers while the API server does not. README.md describes it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { KINDS, parseFault } from './fault.ts';
import type { FaultLayer } from './layer.ts';

export interface Control {
  /** `http://127.0.0.1:<port>/faults` */
  url: string;
  close(): Promise<void>;
}

/** @param port default: any free one */
export async function serveControl(layer: FaultLayer, port = 0): Promise<Control> {
  const server = createServer((request, response) => {
    answer(layer, request)
      .catch((error: unknown) => ({ code: 400, body: { error: (error as Error).message } }))
      .then(({ code, body }) => response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body) + '\n'));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/faults`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(layer: FaultLayer, request: IncomingMessage): Promise<{ code: number; body: unknown }> {
  const [, root, id, ...more] = (request.url ?? '').split('/');
  const missing = { code: 404, body: { error: `${request.url} is not served here: see /faults` } };
  if (root !== 'faults' || more.length > 0) return missing;
  const fault = id === undefined ? undefined : layer.list().find((each) => each.id === decodeURIComponent(id));
  if (id !== undefined && !fault) return missing;
  if (request.method === 'GET')
    return {
      code: 200,
      body: fault ?? { faults: layer.list(), dealt: layer.dealt, requests: layer.requests, openWatches: layer.openWatches, kinds: KINDS },
    };
  if (request.method === 'DELETE') {
    if (fault) layer.remove(fault.id);
    else layer.clear();
    return { code: 200, body: { faults: layer.list() } };
  }
  if (request.method !== 'POST' || fault)
    return { code: 405, body: { error: 'GET, POST and DELETE /faults; GET and DELETE /faults/<id>' } };
  return { code: 201, body: await layer.add(parseFault(await json(request))) };
}
