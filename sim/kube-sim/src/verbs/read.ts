/** GET of one object, and paged lists. */
import { collectionOf, type Api, type Call } from '../api.ts';
import type { KubeObject } from '../objects.ts';
import { fieldMatcher, labelMatcher, type Matcher } from '../selectors.ts';
import { badRequest, futureVersion, gone, notFound } from '../status.ts';
import { keyOf, type Stored } from '../store/collection.ts';

/** The stored object that a call names, or 404. */
export function find(api: Api, call: Call): Stored {
  const name = call.name!;
  const found = collectionOf(api, call.resource).items.get(keyOf(call.namespace, name));
  if (!found) throw notFound(call.resource, name);
  return found;
}

/** What a list or watch selects; selectors are applied to the object as it is served. */
export function matcherOf(call: Call): Matcher | undefined {
  const { resource, namespace, name, query } = call;
  const matchers: Matcher[] = [];
  if (namespace) matchers.push((object) => object.metadata.namespace === namespace);
  if (name) matchers.push((object) => object.metadata.name === name);
  const label = labelMatcher(query.get('labelSelector') ?? undefined);
  if (label) matchers.push(label);
  const field = fieldMatcher(query.get('fieldSelector') ?? undefined, resource.fields);
  const { convert } = resource;
  if (field) matchers.push(convert ? (object) => field(convert.read(object)) : field);
  return matchers.length === 0 ? undefined : (object: KubeObject) => matchers.every((matches) => matches(object));
}

interface ContinueToken {
  /** The revision of the first page: later pages show the same state. */
  revision: number;
  /** The last key that was given out. */
  after: string;
}

function decodeToken(text: string): ContinueToken {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as ContinueToken;
    if (Number.isInteger(token.revision) && typeof token.after === 'string') return token;
  } catch {
    // Falls through to the refusal.
  }
  throw badRequest('continue key is not valid');
}

const EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';

export interface Page {
  items: Stored[];
  revision: number;
  continue?: string;
  remaining?: number;
}

/** One page of a list, as of the revision that the call asks for. */
export function list(api: Api, call: Call): Page {
  const { query } = call;
  const current = api.store.revision;
  const given = Number(query.get('resourceVersion') ?? 0);
  if (Number.isNaN(given)) throw badRequest('invalid resource version');
  if (given > current) throw futureVersion(given, current);
  const token = query.get('continue') ? decodeToken(query.get('continue')!) : undefined;
  const exact = query.get('resourceVersionMatch') === 'Exact' ? given : undefined;
  const revision = token?.revision ?? exact ?? current;
  const snapshot = collectionOf(api, call.resource).snapshot(revision);
  if (!snapshot) throw gone(token ? EXPIRED : `The resourceVersion for the provided list is too old.`);

  const limit = Number(query.get('limit') ?? 0) || Infinity;
  const matches = matcherOf(call);
  const items: Stored[] = [];
  let lastKey = '';
  for (let index = token ? firstAfter(snapshot.keys, token.after) : 0; index < snapshot.keys.length; index += 1) {
    const key = snapshot.keys[index]!;
    const stored = snapshot.get(key);
    if (!stored || (matches && !matches(stored.object))) continue;
    if (items.length === limit) {
      const next: ContinueToken = { revision, after: lastKey };
      return {
        items,
        revision,
        continue: Buffer.from(JSON.stringify(next)).toString('base64url'),
        ...(!matches && { remaining: snapshot.keys.length - index }),
      };
    }
    items.push(stored);
    lastKey = key;
  }
  return { items, revision };
}

function firstAfter(keys: string[], after: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
