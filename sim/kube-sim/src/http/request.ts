/** What an HTTP request asks for. */
import type { IncomingMessage } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { PROTOBUF, decodeProtobuf } from './protobuf.ts';
import { badRequest, tooLarge, unsupportedMediaType } from '../status.ts';

const BODY_LIMIT = 3 * 1024 * 1024;

export function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_LIMIT) reject(tooLarge());
      else chunks.push(chunk);
    });
  });
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
