import https from 'node:https';

export interface ApiRequest {
  /** `host:port` */
  endpoint: string;
  path: string;
  method?: string;
  /** Without one the server's certificate is not checked (the CA is proved by its content instead). */
  ca?: string;
  token?: string;
  body?: unknown;
  contentType?: string;
  signal: AbortSignal;
}

/** One HTTPS request with a JSON answer; at most 10 s. @throws Error of the connection */
export function request(call: ApiRequest): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const outgoing = https.request(
      `https://${call.endpoint}${call.path}`,
      {
        method: call.method ?? 'GET',
        agent: false,
        timeout: 10_000,
        signal: call.signal,
        ...(call.ca ? { ca: call.ca } : { rejectUnauthorized: false }),
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
