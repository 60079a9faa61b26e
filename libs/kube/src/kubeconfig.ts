import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { cachedCredentials, type Credentials, type Identity } from './credentials.ts';
import { KubeconfigError } from './kubeconfig-error.ts';

export interface KubeconfigSource {
  /** Path of a kubeconfig; read again when the server refuses the identity. */
  kubeconfigFile?: string;
  /** Text of a kubeconfig. */
  kubeconfig?: string;
  /** Default: its current-context. */
  context?: string;
}

/** Reads a kubeconfig; every way to authenticate that client-node knows is available (certificates, token, exec, OIDC). */
export async function kubeconfigCredentials(source: KubeconfigSource): Promise<Credentials> {
  let config = await load(source);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new KubeconfigError(`${origin(source)}: it names no cluster`);
  if (cluster.proxyUrl && !/^https?:/.test(cluster.proxyUrl))
    throw new KubeconfigError(`${origin(source)}: proxy-url must be http or https, not ${cluster.proxyUrl.split(':', 1)[0]}`);
  const credentials = cachedCredentials(
    cluster.server,
    async (fresh) => {
      if (fresh) config = await load(source);
      return identityOf(config, origin(source));
    },
    cluster.proxyUrl ? { proxy: cluster.proxyUrl } : {},
  );
  await credentials.current();
  return credentials;
}

async function load(source: KubeconfigSource): Promise<KubeConfig> {
  // client-node costs 0.6 s and 60 MB; inside a Pod it is never needed. By this path a bundle holds its KubeConfig alone, not 19 MB of API models.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  const text = source.kubeconfig ?? (await read(source.kubeconfigFile as string));
  try {
    config.loadFromString(text);
    if (source.kubeconfigFile !== undefined) config.makePathsAbsolute(dirname(source.kubeconfigFile));
  } catch (error) {
    throw new KubeconfigError(`${origin(source)}: it is no kubeconfig (${(error as Error).message.split('\n', 1)[0]})`);
  }
  if (source.context !== undefined) config.setCurrentContext(source.context);
  const context = config.getCurrentContext();
  if (!context) throw new KubeconfigError(`${origin(source)}: it has no current-context`);
  const named = config.getContextObject(context);
  if (!named) throw new KubeconfigError(`${origin(source)}: it has no context ${context}`);
  if (!config.getCluster(named.cluster)) throw new KubeconfigError(`${origin(source)}: context ${context} names no cluster that it has`);
  if (named.user && !config.getUser(named.user))
    throw new KubeconfigError(`${origin(source)}: context ${context} names no user that it has`);
  return config;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new KubeconfigError(`the kubeconfig cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

const origin = (source: KubeconfigSource) =>
  source.kubeconfig === undefined ? `kubeconfig ${source.kubeconfigFile}` : 'the kubeconfig given';

/** client-node runs the plugin or refreshes the OIDC token here, and reads the files. */
async function identityOf(config: KubeConfig, from: string): Promise<Identity> {
  const options: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new KubeconfigError(`${from}: cannot authenticate (${(error as Error).message.split('\n', 1)[0]})`);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  return {
    headers,
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      ...(servername && { servername }),
    },
  };
}
