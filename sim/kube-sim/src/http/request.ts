/** What an HTTP request asks for. */
import type { IncomingMessage } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { PROTOBUF, decodeProtobuf } from './protobuf.ts';
import { badRequest, tooLarge, unsupportedMediaType } from '../status.ts';

const BODY_LIMIT = 3 * 1024 * 1024;

/** The resource part of a path: /api/v1/… or /apis/<group>/<version>/…; undefined for any other path. */
export interface ResourcePath {
  group: string;
  version: string;
  plural: string;
  namespace?: string;
  name?: string;
  subresource?: string;
}

/** Subresources of a Namespace itself, told apart from resources inside of it. */
const OF_NAMESPACE = new Set(['status', 'finalize']);

export function parsePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return undefined;
  const [group, version, ...rest] = core ? ['', ...parts.slice(1)] : parts.slice(1);
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  const scoped = rest[0] === 'namespaces' && rest.length > 2 && !(core && OF_NAMESPACE.has(rest[2]!));
  const [plural, name, subresource, ...more] = scoped ? rest.slice(2) : rest;
  if (!plural || more.length > 0) return undefined;
  return { group, version, plural, ...(scoped && { namespace: rest[1]! }), ...(name && { name }), ...(subresource && { subresource }) };
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

export const mediaType = (request: IncomingMessage): string => (request.headers['content-type'] ?? '').split(';')[0]!.trim();

/** Parses JSON, or YAML where its media type says so. */
export function decode(body: Buffer, type: string): unknown {
  const text = body.toString('utf8');
  try {
    return type.endsWith('yaml') && !text.trimStart().startsWith('{') ? (parseYaml(text) as unknown) : (JSON.parse(text) as unknown);
  } catch (error) {
    throw badRequest(`error decoding the body of the request: ${(error as Error).message}`);
  }
}

const OBJECT_TYPES = ['application/json', 'application/yaml'];

/** The object in the body of a POST, PUT or DELETE; undefined where there is none. */
export function decodeObject(body: Buffer, type: string): unknown {
  if (body.length === 0) return undefined;
  if (type === PROTOBUF) return decodeProtobuf(body);
  if (type && !OBJECT_TYPES.includes(type)) throw unsupportedMediaType(type, OBJECT_TYPES);
  return decode(body, type);
}
