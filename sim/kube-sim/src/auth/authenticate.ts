/** Who sends a request: client certificate, bootstrap token, service-account token, or nobody. */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { readBootstrapToken } from '@dpf/kube-controllers';
import type { Api } from '../api.ts';
import type { User } from './user.ts';
import { serviceAccountUser } from './service-accounts.ts';

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** A connection shows one certificate; reading it takes longer than most requests. */
const shown = new WeakMap<TLSSocket, User>();

function certificateUser(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const known = shown.get(socket);
  if (known) return known;
  const { subject } = socket.getPeerCertificate();
  const name = list(subject?.CN)[0];
  if (name === undefined) return undefined;
  const user: User = { name, groups: [...list(subject.O), 'system:authenticated'] };
  shown.set(socket, user);
  return user;
}

const showsCertificate = (socket: TLSSocket): boolean => Object.keys(socket.getPeerCertificate() ?? {}).length > 0;

/** The user of a bootstrap token, read live: a token that was deleted or has expired joins nothing. */
function bootstrapUser(api: Api, token: string): User | undefined {
  const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
  const found = api.store.collection('/secrets').items.get(`kube-system/bootstrap-token-${id}`);
  const known = found && readBootstrapToken(found.object, api.clock());
  if (!known?.authentication || known.secret !== secret) return undefined;
  return { name: `system:bootstrap:${known.id}`, groups: ['system:bootstrappers', ...known.groups, 'system:authenticated'] };
}

/** undefined: credentials were given, but they are not (or no longer) good. */
export function authenticate(api: Api, request: IncomingMessage): User | undefined {
  const certified = certificateUser(request.socket as TLSSocket);
  if (certified) return certified;
  const header = request.headers.authorization;
  if (header === undefined) return showsCertificate(request.socket as TLSSocket) ? undefined : ANONYMOUS;
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
  if (token === undefined) return undefined;
  return bootstrapUser(api, token) ?? serviceAccountUser(api, token);
}

const OPEN_PATHS = new Set(['/version', '/healthz', '/livez', '/readyz', '/api/v1/namespaces/kube-public/configmaps/cluster-info']);

/** What anonymous clients may read: what a machine needs before it has joined. */
export const isOpen = (method: string, path: string): boolean =>
  method === 'GET' && (OPEN_PATHS.has(path) || /^\/(livez|readyz|healthz)\//.test(path));
