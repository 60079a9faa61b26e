/**
 * Reads the kubeconfig of a tenant, which is foreign input: only server, CA, and a client certificate or token are taken from it. What would run a program,
 * read a file or weaken TLS is refused.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { parse } from 'yaml';

/** What is needed to reach a tenant's API server. The `…Data` are PEM in base64; key and token are secret. */
export interface TenantAccess {
  server: string;
  caData: string;
  clientCertData?: string;
  clientKeyData?: string;
  token?: string;
}

/** What a DPU needs beside its token to join. */
export interface JoinTarget {
  /** `host:port`. */
  endpoint: string;
  /** sha256 of the CA's public key (SPKI), 64 hex digits: what `kubeadm join --discovery-token-ca-cert-hash` compares. */
  caCertHash: string;
}

export type CheckedKubeconfig = { access: TenantAccess; join: JoinTarget } | { refused: string };

const LONGEST = 256 * 1024;
const CLUSTER_FIELDS = ['server', 'certificate-authority-data', 'extensions'];
const USER_FIELDS = ['client-certificate-data', 'client-key-data', 'token', 'extensions'];
/** Why the commonest of the other fields are refused. */
const REASONS: Record<string, string> = {
  exec: 'it would run a program in the controller',
  'auth-provider': 'it would run a program in the controller',
  'insecure-skip-tls-verify': 'the server would not be verified',
  'certificate-authority': 'it names a file; give certificate-authority-data',
  'client-certificate': 'it names a file; give client-certificate-data',
  'client-key': 'it names a file; give client-key-data',
  tokenFile: 'it names a file; give token',
  username: 'passwords are not supported; give a client certificate or a token',
  password: 'passwords are not supported; give a client certificate or a token',
};

class Refused extends Error {}

/** Takes the current context apart. Never throws; a refusal says which field, never its value. */
export function checkKubeconfig(text: string): CheckedKubeconfig {
  try {
    return check(text);
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    throw error;
  }
}

function check(text: string): CheckedKubeconfig {
  const config = parsed(text);
  const context = named(config, 'contexts', 'context', textOf(config, 'current-context') ?? refuse('it has no current-context'));
  const cluster = named(config, 'clusters', 'cluster', textOf(context, 'cluster') ?? refuse('its current context names no cluster'));
  const user = named(config, 'users', 'user', textOf(context, 'user') ?? refuse('its current context names no user'));
  onlyFields('cluster', cluster, CLUSTER_FIELDS);
  onlyFields('user', user, USER_FIELDS);

  const server = textOf(cluster, 'server') ?? refuse('its cluster has no server');
  const url = URL.parse(server);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return refuse('its server is no https URL');
  const caData = textOf(cluster, 'certificate-authority-data') ?? refuse('its cluster has no certificate-authority-data');
  const identity = identityOf(user);
  return {
    access: { server, caData, ...identity },
    join: { endpoint: `${url.hostname}:${url.port || '443'}`, caCertHash: caHash(caData) },
  };
}

function identityOf(user: Fields): Pick<TenantAccess, 'clientCertData' | 'clientKeyData' | 'token'> {
  const [clientCertData, clientKeyData, token] = ['client-certificate-data', 'client-key-data', 'token'].map((field) =>
    textOf(user, field),
  );
  if (clientCertData === undefined && clientKeyData === undefined)
    return token === undefined ? refuse('its user has neither a client certificate nor a token') : { token };
  if (clientCertData === undefined || clientKeyData === undefined) return refuse('its user has only one of client certificate and key');
  try {
    createSecureContext({ cert: Buffer.from(clientCertData, 'base64'), key: Buffer.from(clientKeyData, 'base64') });
  } catch {
    return refuse('the client certificate and key of its user do not fit or cannot be read');
  }
  return { clientCertData, clientKeyData, ...(token === undefined ? {} : { token }) };
}

/** The hash of the CA that the server's certificate chains to: the first of the bundle. */
function caHash(caData: string): string {
  try {
    const { publicKey } = new X509Certificate(Buffer.from(caData, 'base64'));
    return createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex');
  } catch {
    return refuse('its certificate-authority-data is no PEM certificate in base64');
  }
}

type Fields = Record<string, unknown>;

function parsed(text: string): Fields {
  if (text.length > LONGEST) return refuse(`it is longer than ${LONGEST} characters`);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch {
    // The parser's own words quote the text, which holds secrets.
    return refuse('it is no YAML');
  }
  return isFields(value) ? value : refuse('it is no kubeconfig');
}

function named(config: Fields, list: string, field: string, name: string): Fields {
  const entries = Array.isArray(config[list]) ? (config[list] as unknown[]).filter(isFields) : [];
  const value = entries.find((entry) => entry['name'] === name)?.[field];
  return isFields(value) ? value : refuse(`it has no ${field} of the name that its current context refers to`);
}

function onlyFields(what: string, fields: Fields, allowed: readonly string[]): void {
  const other = Object.keys(fields).find((field) => !allowed.includes(field) && fields[field] !== false && fields[field] !== '');
  if (other !== undefined)
    refuse(`its ${what} has ${other.slice(0, 60)}: ${REASONS[other] ?? `only ${allowed.slice(0, -1).join(', ')} are accepted`}`);
}

const textOf = (fields: Fields, field: string): string | undefined => {
  const value = fields[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
};
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
function refuse(because: string): never {
  throw new Refused(because);
}
