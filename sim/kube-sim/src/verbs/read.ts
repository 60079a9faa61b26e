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

/** What the selectors of a list or watch select; they are applied to the object as it is served. */
export function selectorOf({ resource, name, query }: Call): Matcher | undefined {
  const matchers: Matcher[] = [];
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
  const matches = selectorOf(call);
  const scope = call.namespace ? `${call.namespace}/` : '';
  // '0' is the character after '/': the end of the namespace.
  const end = scope ? firstAfter(snapshot.keys, `${call.namespace}0`, true) : snapshot.keys.length;
  const items: Stored[] = [];
  let after = '';
  for (let index = firstAfter(snapshot.keys, token?.after ?? scope); index < end; index += 1) {
    const key = snapshot.keys[index]!;
    const stored = snapshot.get(key);
    if (!stored || (matches && !matches(stored.object))) continue;
    if (items.length === limit) {
      const next: ContinueToken = { revision, after };
      const remaining = matches ? undefined : end - index;
      return { items, revision, continue: Buffer.from(JSON.stringify(next)).toString('base64url'), ...(remaining && { remaining }) };
    }
    items.push(stored);
    after = key;
  }
  return { items, revision };
}

/** Index of the first key that is greater (with `from`: not less) than the one given. */
function firstAfter(keys: string[], given: string, from = false): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const key = keys[middle]!;
    if (key < given || (key === given && !from)) low = middle + 1;
    else high = middle;
  }
  return low;
}
