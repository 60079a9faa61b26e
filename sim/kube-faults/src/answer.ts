/** What a client gets instead of its answer. */
import type { ServerResponse } from 'node:http';

const REASONS: Record<number, [reason: string, message: string]> = {
  410: ['Expired', 'too old resource version: it was compacted'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  500: ['InternalError', 'Internal error occurred: etcdserver: request timed out'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
};

/** A metav1.Status, as an API server writes it. */
export function status(code: number, retryAfterSeconds?: number): object {
  const [reason, message] = REASONS[code]!;
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...details, code };
}

export function refuse(response: ServerResponse, code: number, retryAfterSeconds?: number): void {
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', retryAfterSeconds);
  response.writeHead(code, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(status(code, retryAfterSeconds)));
}

/** The line that ends a watch whose version is forgotten. */
export const EXPIRED = JSON.stringify({ type: 'ERROR', object: status(410) }) + '\n';

/** Opens a watch only to say that its version is forgotten. */
export function expire(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(EXPIRED);
}

/** Lets the server answer, but sends `instead` where it answered with success; what it refused is passed on. */
export function replaceAnswer(response: ServerResponse, instead: () => void): void {
  const original = { writeHead: response.writeHead, write: response.write, end: response.end };
  const head: unknown[] = [];
  const body: Uint8Array[] = [];
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) body.push(Buffer.from(chunk as string));
  };
  Object.assign(response, {
    writeHead: (...given: unknown[]) => {
      head.push(...given);
      return response;
    },
    write: (chunk: unknown) => {
      keep(chunk);
      return true;
    },
    end: (chunk?: unknown) => {
      keep(chunk);
      Object.assign(response, original);
      if (Number(head[0]) < 300) return instead();
      response.writeHead(...(head as Parameters<ServerResponse['writeHead']>));
      response.end(Buffer.concat(body));
    },
  });
}
