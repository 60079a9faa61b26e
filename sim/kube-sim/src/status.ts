/** Failures as the API answers them: `Status` bodies with code, reason, message and details (apimachinery's api/errors). */
import type { Cause } from '@dpf/kube-schema';
import type { JsonMap } from './objects.ts';

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: Cause[];
  retryAfterSeconds?: number;
}

/** A request that is refused; the message is the one that a real server gives. */
export class ApiFailure extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** ListMeta of the answer: an expired list may bear a token to go on with. */
  readonly metadata: JsonMap = {};

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The `Status` object of the answer, to be sent as JSON: what is undefined is not in it. */
  status(): JsonMap {
    const { message, reason, details, code, metadata } = this;
    return { kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message, reason: reason || undefined, details, code };
  }
}

/** The resource as messages name it: `dpus.provisioning.dpu.nvidia.com`, or `nodes` in the core group. */
export interface Named {
  group: string;
  plural: string;
}
export const qualified = ({ group, plural }: Named): string => (group ? `${plural}.${group}` : plural);
const details = ({ group, plural }: Named, name: string | undefined): StatusDetails => ({ name, group: group || undefined, kind: plural });

export const badRequest = (message: string) => new ApiFailure(400, 'BadRequest', message);
export const unauthorized = () => new ApiFailure(401, 'Unauthorized', 'Unauthorized');
export const pathNotFound = () => new ApiFailure(404, 'NotFound', 'the server could not find the requested resource', {});
export const notFound = (resource: Named, name: string) =>
  new ApiFailure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, details(resource, name));
export const alreadyExists = (resource: Named, name: string) =>
  new ApiFailure(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, details(resource, name));
export const conflict = (resource: Named, name: string, why: string) =>
  new ApiFailure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, details(resource, name));
export const staleObject = (resource: Named, name: string) =>
  conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again');
export const forbidden = (resource: Named, name: string, why: string, causes?: Cause[]) =>
  new ApiFailure(403, 'Forbidden', `${qualified(resource)} "${name}" is forbidden: ${why}`, { ...details(resource, name), causes });
/** Who asks may not: a user without the permission, as RBAC says it. */
export function notPermitted(user: string, verb: string, target: Named & { namespace?: string; name?: string }): ApiFailure {
  const { group, plural, namespace, name } = target;
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const why = `User ${JSON.stringify(user)} cannot ${verb} resource "${plural}" in API group "${group}" ${scope}`;
  const what = qualified(target) + (name === undefined ? '' : ` "${name}"`);
  return new ApiFailure(403, 'Forbidden', `${what} is forbidden: ${why}`, details(target, name));
}
/** The same for what is no resource. */
export const pathNotPermitted = (user: string, verb: string, path: string) =>
  new ApiFailure(403, 'Forbidden', `forbidden: User ${JSON.stringify(user)} cannot ${verb} path ${JSON.stringify(path)}`, {});
export const methodNotAllowed = () =>
  new ApiFailure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
export const unsupportedMediaType = (type: string, accepted: string[]) =>
  new ApiFailure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}${type ? '' : ' (no Content-Type given)'}`,
  );
const FORMS = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/cbor'];
export const notAcceptable = () => new ApiFailure(406, 'NotAcceptable', `only the following media types are accepted: ${FORMS.join(', ')}`);
export const gone = (message: string) => new ApiFailure(410, 'Expired', message);
export const tooLarge = () => new ApiFailure(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728');
export const futureVersion = (wanted: number, current: number) =>
  new ApiFailure(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });

/** 422 with one cause per fault. */
export function invalid({ group, kind }: { group: string; kind: string }, name: string, ...causes: Cause[]): ApiFailure {
  const faults = causes.map(({ field, message }) => `${field}: ${message}`);
  const why = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
  const what = group ? `${kind}.${group}` : kind;
  const details: StatusDetails = { name: name || undefined, group: group || undefined, kind, causes };
  return new ApiFailure(422, 'Invalid', `${what} "${name}" is invalid: ${why}`, details);
}
