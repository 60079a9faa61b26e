/**
 * Reads the Protocol Buffers that `kubectl create` and helm send for built-in kinds: `k8s\0`, an envelope with apiVersion and kind, the object.
 * Field numbers are those of the generated.proto of k8s.io/api; what is not listed here is passed over. Answers are always JSON.
 */
import type { JsonMap } from '../objects.ts';
import { badRequest } from '../status.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

type Type = 'text' | 'bytes' | 'integer' | 'boolean' | Message;
type Field = [name: string, type: Type, many?: 'map' | 'list'];
interface Message {
  [number: number]: Field;
}

const META: Message = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  11: ['labels', 'text', 'map'],
  12: ['annotations', 'text', 'map'],
};
const BOUND: Message = { 1: ['kind', 'text'], 2: ['apiVersion', 'text'], 3: ['name', 'text'], 4: ['uid', 'text'] };
const TOKEN: Message = { 1: ['audiences', 'text', 'list'], 3: ['boundObjectRef', BOUND], 4: ['expirationSeconds', 'integer'] };
const OPTIONS: Message = {
  1: ['gracePeriodSeconds', 'integer'],
  2: ['preconditions', { 1: ['uid', 'text'], 2: ['resourceVersion', 'text'] }],
  4: ['propagationPolicy', 'text'],
};
const KINDS: Record<string, Message> = {
  ConfigMap: { 2: ['data', 'text', 'map'], 3: ['binaryData', 'bytes', 'map'], 4: ['immutable', 'boolean'] },
  Secret: { 2: ['data', 'bytes', 'map'], 3: ['type', 'text'], 4: ['stringData', 'text', 'map'], 5: ['immutable', 'boolean'] },
  TokenRequest: { 2: ['spec', TOKEN] },
  DeleteOptions: OPTIONS,
  Namespace: {},
  ServiceAccount: {},
  SelfSubjectReview: {},
  SelfSubjectAccessReview: {},
};
const ENVELOPE: Message = { 1: ['type', { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] }], 2: ['raw', 'bytes'] };
const MAGIC = Buffer.from('k8s\0');

/** The object as JSON has it. */
export function decodeProtobuf(body: Buffer): JsonMap {
  if (!body.subarray(0, 4).equals(MAGIC)) throw badRequest('the body of the request is not in the protobuf format of Kubernetes');
  const { type, raw = '' } = read(body.subarray(4), ENVELOPE) as { type: { apiVersion: string; kind: string }; raw?: string };
  const fields = KINDS[type.kind];
  if (!fields) throw badRequest(`${type.kind} is not read from protobuf here: send application/json`);
  return { ...type, ...read(Buffer.from(raw, 'base64'), { 1: ['metadata', META], ...fields }) };
}

function read(bytes: Buffer, message: Message): JsonMap {
  const result: JsonMap = {};
  let at = 0;
  const integer = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw badRequest('the protobuf in the body of the request is cut off');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = integer();
    const field = message[tag >>> 3];
    // Wire types: 0 is a number, 2 has a length; the fixed sizes 1 and 5 do not occur in these kinds.
    const number = integer();
    const value = (tag & 7) === 0 ? number : bytes.subarray(at, (at += number));
    if (field) put(result, field, value);
  }
  return result;
}

function put(result: JsonMap, [name, type, many]: Field, value: number | Buffer): void {
  if (many === 'map') {
    const { key = '', value: entry = '' } = read(value as Buffer, { 1: ['key', 'text'], 2: ['value', type] });
    result[name] = { ...(result[name] as JsonMap | undefined), [String(key)]: entry };
  } else if (many === 'list') result[name] = [...((result[name] as unknown[] | undefined) ?? []), convert(value, type)];
  else if (typeof value === 'number' || value.length > 0) result[name] = convert(value, type);
}

function convert(value: number | Buffer, type: Type): unknown {
  if (typeof value === 'number') return type === 'boolean' ? value !== 0 : value;
  if (type === 'text') return value.toString('utf8');
  return typeof type === 'object' ? read(value, type) : value.toString('base64');
}
