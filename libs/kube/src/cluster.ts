import type { KindInfo, KubeObject } from '@dpf/api';
import { fixedCredentials, type Credentials } from './credentials.ts';
import { ClusterEventRecorder } from './event-recorder.ts';
import { inClusterCredentials } from './in-cluster.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import { kubeconfigCredentials } from './kubeconfig.ts';
import type { ClusterOptions } from './options.ts';
import type { Cluster, EventRecorder, ReflectOptions, Reflector, ResourceClient, TokenReviewResult } from './ports.ts';
import { KindReflector } from './reflector.ts';
import { HttpResourceClient } from './resource-client.ts';
import { reviewToken } from './token-review.ts';
import { Transport } from './transport.ts';

export interface ConnectOptions extends ClusterOptions {
  /** Path of a kubeconfig. Without a kubeconfig: the service account of the Pod that this runs in. */
  kubeconfigFile?: string;
  /** Text of a kubeconfig. */
  kubeconfig?: string;
  /** A context of the kubeconfig; default: its current one. */
  context?: string;
  /** In a Pod: URL of the API server; default `https://kubernetes.default.svc`. */
  inClusterServer?: string;
}

/**
 * A cluster by kubeconfig, or the one that this Pod runs in. Asks the server nothing yet.
 * @throws KubeconfigError when the configuration does not say how to reach it
 */
export async function connect(options: ConnectOptions): Promise<Cluster> {
  const { kubeconfigFile, kubeconfig, context } = options;
  if (kubeconfigFile === undefined && kubeconfig === undefined) {
    const credentials = inClusterCredentials(options.inClusterServer);
    await credentials.current();
    return new HttpCluster(credentials, options);
  }
  const source = {
    ...(kubeconfigFile !== undefined && { kubeconfigFile }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  };
  return new HttpCluster(await kubeconfigCredentials(source), options);
}

export interface ConnectToOptions extends ClusterOptions {
  server: string;
  /** PEM in base64, as in a kubeconfig. */
  caData: string;
  clientCertData?: string;
  clientKeyData?: string;
  token?: string;
}

/**
 * A tenant cluster whose kubeconfig the caller has read and checked: nothing is executed, no file is read, TLS is verified.
 * @throws KubeconfigError when the server is not https (plain http only on loopback)
 */
export function connectTo(options: ConnectToOptions): Cluster {
  const { server, caData, clientCertData, clientKeyData, token } = options;
  const url = URL.parse(server);
  const loopback = url !== null && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && loopback))
    throw new KubeconfigError(`the server of the cluster must be an https URL, not ${server}`);
  const pem = (data: string) => Buffer.from(data, 'base64');
  const identity = {
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    tls: {
      ca: pem(caData),
      ...(clientCertData !== undefined && { cert: pem(clientCertData) }),
      ...(clientKeyData !== undefined && { key: pem(clientKeyData) }),
    },
  };
  return new HttpCluster(fixedCredentials(server, identity), options);
}

/** {@link Cluster} over HTTP. */
class HttpCluster implements Cluster {
  readonly #transport: Transport;
  readonly #reflectors = new Set<Reflector<KubeObject>>();
  readonly #recorders = new Set<ClusterEventRecorder>();

  constructor(credentials: Credentials, options: ClusterOptions) {
    this.#transport = new Transport(credentials, options);
  }

  get server(): string {
    return this.#transport.server;
  }

  resource<T extends KubeObject>(kind: KindInfo): ResourceClient<T> {
    return new HttpResourceClient<T>(this.#transport, kind);
  }

  reflect<T extends KubeObject>(kind: KindInfo, options: ReflectOptions<T> = {}): Reflector<T> {
    const reflector = new KindReflector<T>(this.#transport, kind, options);
    this.#reflectors.add(reflector as unknown as Reflector<KubeObject>);
    return reflector;
  }

  reviewToken(token: string, audiences: string[], options: { signal?: AbortSignal } = {}): Promise<TokenReviewResult> {
    return reviewToken(this.#transport, token, audiences, options.signal);
  }

  version(options: { signal?: AbortSignal } = {}): Promise<{ gitVersion: string }> {
    return this.#transport.send({ verb: 'get', kind: 'Version', target: 'the version', path: '/version', signal: options.signal });
  }

  events(component: string): EventRecorder {
    const recorder = new ClusterEventRecorder(this.#transport, component);
    this.#recorders.add(recorder);
    return recorder;
  }

  /** Sends the events that are waiting (for a short time), stops the reflectors, ends the connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#recorders].map((recorder) => recorder.stop(this.#transport.tuning.flushMs)));
    await Promise.all([...this.#reflectors].map((reflector) => reflector.stop()));
    await this.#transport.destroy();
  }
}
