/** A cluster for cards to join, and an administrator of it. */
import { createHash, X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { request, type ApiAccess } from '../kubelet/api-request.ts';

export interface RunningCluster {
  url: string;
  caPem: string;
  pki: { client(commonName: string, organizations?: string[]): Promise<{ certPem: string; keyPem: string }> };
  stop(): Promise<void>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are judged as they come
type Body = any;
const PATIENCE_MS = 20_000;

export class JoinableCluster {
  readonly running: RunningCluster;
  #agents: Agent[] = [];
  #admin: ApiAccess | undefined;
  #tokens = 0;

  constructor(running: RunningCluster) {
    this.running = running;
  }

  get endpoint(): string {
    return new URL(this.running.url).host;
  }

  /** As `kubeadm` wants it. */
  get caHash(): string {
    const { publicKey } = new X509Certificate(this.running.caPem);
    return `sha256:${createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex')}`;
  }

  /** Access by a client certificate. */
  async as(name: string, groups: string[]): Promise<ApiAccess> {
    const { certPem, keyPem } = await this.running.pki.client(name, groups);
    const agent = new Agent({ ca: this.running.caPem, cert: certPem, key: keyPem, keepAlive: true });
    this.#agents.push(agent);
    return { server: this.running.url, agent };
  }

  async call(method: string, path: string, body?: object, contentType = 'application/json'): Promise<{ status: number; body: Body }> {
    this.#admin ??= await this.as('kubernetes-admin', ['system:masters']);
    return request({ ...this.#admin, method, path, body, contentType, signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  get(path: string): Promise<{ status: number; body: Body }> {
    return this.call('GET', path);
  }

  /** Looks until the answer is as wanted. @throws Error with the last answer */
  async until(path: string, wanted: (answer: { status: number; body: Body }) => boolean): Promise<Body> {
    for (const end = Date.now() + PATIENCE_MS; ; await delay(50)) {
      const answer = await this.get(path);
      if (wanted(answer)) return answer.body;
      if (Date.now() > end) throw new Error(`${path} did not become as wanted: ${JSON.stringify(answer)}`);
    }
  }

  /** A token of kubeadm's kind that is not in the cluster yet. */
  newToken(): string {
    return `tokn${String(++this.#tokens).padStart(2, '0')}.0123456789abcdef`;
  }

  /** Puts a token into the cluster. */
  async addToken(token: string, changes: Record<string, string> = {}): Promise<void> {
    const [id, secret] = token.split('.') as [string, string];
    const { status, body } = await this.call('POST', '/api/v1/namespaces/kube-system/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'bootstrap.kubernetes.io/token',
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      stringData: {
        'token-id': id,
        'token-secret': secret,
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
        'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
        ...changes,
      },
    });
    if (status !== 201) throw new Error(JSON.stringify(body));
  }

  /** A token, and the signature of cluster-info by it: that comes a moment later. */
  async signedToken(changes: Record<string, string> = {}): Promise<string> {
    const token = this.newToken();
    await this.addToken(token, changes);
    const name = `jws-kubeconfig-${token.split('.')[0]}`;
    await this.until('/api/v1/namespaces/kube-public/configmaps/cluster-info', ({ body }) => body.data?.[name] !== undefined);
    return token;
  }

  removeToken(token: string): Promise<{ status: number; body: Body }> {
    return this.call('DELETE', `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${token.split('.')[0]}`);
  }

  async stop(): Promise<void> {
    for (const agent of this.#agents) agent.destroy();
    await this.running.stop();
  }
}
