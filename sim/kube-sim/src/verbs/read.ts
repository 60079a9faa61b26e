/** GET of one object, and paged lists. */
import { collectionOf, type Api, type Call } from '../api.ts';
import type { KubeObject } from '../objects.ts';
import { fieldMatcher, labelMatcher, type Matcher } from '../selectors.ts';
import { badRequest, futureVersion, gone, notFound, type ApiFailure } from '../status.ts';
import { firstIndex, keyOf, type Stored } from '../store/collection.ts';
import { checkListOptions, listVersion } from './options.ts';

/** The stored object that a call names, or 404. */
export function find(api: Api, call: Call): Stored {
  const name = call.name!;
  const found = collectionOf(api, call.resource).items.get(keyOf(call.namespace, name));
  if (!found) throw notFound(call.resource, name);
  return found;
}

/** What the selectors of a list or watch select. */
export function selectorOf({ resource, name, query }: Call): Matcher | undefined {
  const matchers: Matcher[] = [];
  if (name) matchers.push((object) => object.metadata.name === name);
  const label = labelMatcher(query.get('labelSelector') ?? undefined);
  if (label) matchers.push(label);
  const field = fieldMatcher(query.get('fieldSelector') ?? undefined, resource.fields);
  if (field) matchers.push(field);
  return matchers.length === 0 ? undefined : (object: KubeObject) => matchers.every((matches) => matches(object));
}

interface ContinueToken {
  /** The revision of the first page: later pages show the same state. 0: the present one. */
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
  throw badRequest('invalid continue token: continue key is not valid');
}
const encodeToken = (token: ContinueToken): string => Buffer.from(JSON.stringify(token)).toString('base64url');

const EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
/** 410 with a token that goes on from the same place in the present state. */
const expired = ({ after }: ContinueToken): ApiFailure => {
  const failure = gone(EXPIRED);
  failure.metadata['continue'] = encodeToken({ revision: 0, after });
  return failure;
};

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
  checkListOptions(call);
  const given = listVersion(call);
  if (given > current) throw futureVersion(given, current);
  const token = query.get('continue') ? decodeToken(query.get('continue')!) : undefined;
  const exact = query.get('resourceVersionMatch') === 'Exact' ? given : undefined;
  // A token without a revision goes on from its key in the present state.
  const revision = token?.revision || (exact ?? current);
  const snapshot = collectionOf(api, call.resource).snapshot(revision);
  if (!snapshot) throw token ? expired(token) : gone('The resourceVersion for the provided list is too old.');

  const limit = Number(query.get('limit') ?? 0) || Infinity;
  const matches = selectorOf(call);
  const scope = call.namespace ? `${call.namespace}/` : '';
  // '0' is the character after '/': the end of the namespace.
  const end = scope ? firstIndex(snapshot.keys, (key) => key >= `${call.namespace}0`) : snapshot.keys.length;
  const items: Stored[] = [];
  let after = '';
  const start = token?.after ?? scope;
  for (let index = firstIndex(snapshot.keys, (key) => key > start); index < end; index += 1) {
    const key = snapshot.keys[index]!;
    const stored = snapshot.get(key);
    if (!stored || (matches && !matches(stored.object))) continue;
    if (items.length === limit) {
      const next: ContinueToken = { revision, after };
      const remaining = matches ? undefined : end - index;
      return { items, revision, continue: encodeToken(next), ...(remaining && { remaining }) };
    }
    items.push(stored);
    after = key;
  }
  return { items, revision };
}
