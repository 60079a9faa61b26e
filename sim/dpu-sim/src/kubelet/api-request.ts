import https from 'node:https';

/** How a server is reached, and as whom. */
export interface ApiAccess {
  /** `https://host:port` */
  server: string;
  /** Without one (and without an agent) the server's certificate is not checked: the CA is proved by its content instead. */
  ca?: string;
  token?: string;
  /** Connections that stay open; it holds CA and client certificate. */
  agent?: https.Agent;
}

export interface ApiRequest extends ApiAccess {
  path: string;
  method?: string;
  body?: unknown;
  contentType?: string;
  signal: AbortSignal;
}

export interface ApiAnswer {
  status: number;
  body: unknown;
}

/** One HTTPS request with a JSON answer; at most 10 s. @throws Error of the connection */
export function request(call: ApiRequest): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const outgoing = https.request(
      `${call.server}${call.path}`,
      {
        method: call.method ?? 'GET',
        agent: call.agent ?? false,
        timeout: 10_000,
        signal: call.signal,
        ...(call.ca ? { ca: call.ca } : !call.agent && { rejectUnauthorized: false }),
        headers: {
          accept: 'application/json',
          'user-agent': 'kubelet (dpu-sim)',
          ...(call.token && { authorization: `Bearer ${call.token}` }),
          ...(body && { 'content-type': call.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () => {
          try {
            resolve({ status: response.statusCode ?? 0, body: text ? JSON.parse(text) : {} });
          } catch {
            resolve({ status: response.statusCode ?? 0, body: {} });
          }
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 10 s')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The join, or the node's registration, cannot go on; the message holds no secret. */
export class JoinRefused extends Error {}

/** The server's "no" as a sentence: `the server does not let the node create its Node: HTTP 403 …`. */
export const refusal = (what: string, { status, body }: ApiAnswer): JoinRefused =>
  new JoinRefused(`the server does not let the node ${what}: HTTP ${status} ${(body as { message?: string }).message ?? ''}`.trim());
