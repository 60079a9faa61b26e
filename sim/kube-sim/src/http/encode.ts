/** The forms in which objects are answered: as they are, as rows of a Table (kubectl get), or as their metadata alone. */
import type { IncomingMessage } from 'node:http';
import type { Api, Call } from '../api.ts';
import type { JsonMap, KubeObject } from '../objects.ts';
import { apiVersionOf, served, type Resource } from '../resources/resource.ts';
import { notAcceptable } from '../status.ts';
import type { Stored } from '../store/collection.ts';
import type { Page } from '../verbs/read.ts';

export interface Encoder {
  object(stored: Stored): Buffer;
  /** A line of a watch. */
  event(type: string, stored: Stored): Buffer;
  /** The parts of a list, in order. */
  list(page: Page): Iterable<Buffer | string>;
}

/** One thing the client accepts, e.g. `application/json;as=Table;v=v1;g=meta.k8s.io`: undefined form is the object itself. */
function wantedForm(accept: string | undefined): 'Table' | 'PartialObjectMetadata' | undefined {
  for (const part of (accept ?? '').split(',')) {
    const parameters = new Map(
      part
        .split(';')
        .slice(1)
        .map((item) => item.trim().split('=') as [string, string]),
    );
    const form = parameters.get('as');
    if (parameters.has('g') && parameters.get('v') !== 'v1') continue;
    if (form === 'Table') return 'Table';
    if (form === 'PartialObjectMetadata' || form === 'PartialObjectMetadataList') return 'PartialObjectMetadata';
    if (!form && part.trim().startsWith('application/json')) return undefined;
  }
  return undefined;
}

const ACCEPTED = /^\s*(\*\/\*|application\/(\*|json))/;

/** @throws ApiFailure 406 where the client accepts nothing that can be given */
export function encoderOf(api: Api, call: Call, request: IncomingMessage): Encoder {
  const { accept } = request.headers;
  if (accept && !accept.split(',').some((part) => ACCEPTED.test(part))) throw notAcceptable();
  const form = wantedForm(accept);
  const { resource } = call;
  if (form === 'Table') return tableEncoder(api, resource, call.query.get('includeObject') ?? 'Metadata');
  if (form === 'PartialObjectMetadata') return plainEncoder(resource, 'PartialObjectMetadataList', 'meta.k8s.io/v1', metadataOnly);
  const { convert } = resource;
  return plainEncoder(resource, `${resource.kind}List`, apiVersionOf(resource), convert && ((stored) => convert.read(stored)));
}

const metadataOnly = ({ metadata }: KubeObject): JsonMap => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata });
const COMMA = Buffer.from(',');
const BRACE = Buffer.from('{');

/** Lists of custom resources say also that nothing is left. */
const listMeta = (page: Page, { builtin }: Resource): JsonMap => ({
  resourceVersion: String(page.revision),
  ...((page.continue || !builtin) && { continue: page.continue ?? '' }),
  ...(page.remaining && { remainingItemCount: page.remaining }),
});

function plainEncoder(resource: Resource, kind: string, apiVersion: string, change?: (object: KubeObject) => JsonMap): Encoder {
  const bytes = (stored: Stored) => (change ? Buffer.from(JSON.stringify(change(stored.object))) : stored.bytes);
  // Every stored object begins with apiVersion and kind: what a list of a built-in kind leaves out has the same length for all of them.
  const envelope = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(resource.kind)},`.length;
  const cut = resource.builtin && !change;
  return {
    object: bytes,
    event: (type, stored) => Buffer.concat([Buffer.from(`{"type":"${type}","object":`), bytes(stored), Buffer.from('}\n')]),
    *list(page) {
      yield `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(listMeta(page, resource))},"items":[`;
      for (const [index, stored] of page.items.entries()) {
        if (index > 0) yield COMMA;
        if (cut) {
          yield BRACE;
          yield stored.bytes.subarray(envelope);
        } else yield bytes(stored);
      }
      yield ']}';
    },
  };
}

function tableEncoder(api: Api, resource: Resource, include: string): Encoder {
  const { columns } = resource;
  const definitions = columns.map(({ value: _, ...shown }) => ({ format: '', description: '', priority: 0, ...shown }));
  const row = (stored: Stored, now: Date) => {
    const object = served(resource, stored.object);
    const shown = include === 'None' ? null : include === 'Object' ? object : metadataOnly(object);
    return { cells: columns.map((column) => column.value(stored.object, now)), object: shown };
  };
  const table = (rows: unknown[], metadata: JsonMap, columnDefinitions: unknown = definitions) => ({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions,
    rows,
  });
  const single = (stored: Stored, columns?: unknown) =>
    table([row(stored, api.clock())], { resourceVersion: String(stored.revision) }, columns);
  let told = false;
  return {
    object: (stored) => Buffer.from(JSON.stringify(single(stored))),
    // A watch names its columns once.
    event: (type, stored) => {
      const object = single(stored, told ? null : undefined);
      told = true;
      return Buffer.from(JSON.stringify({ type, object }) + '\n');
    },
    *list(page) {
      const now = api.clock();
      yield JSON.stringify(table([], listMeta(page, resource))).replace(/\]\}$/, '');
      for (const [index, stored] of page.items.entries()) yield (index > 0 ? ',' : '') + JSON.stringify(row(stored, now));
      yield ']}';
    },
  };
}
