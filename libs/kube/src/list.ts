import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { KindInfo, KubeObject } from '@dpf/api';
import { isGone } from './api-error.ts';
import { nameOf, pathOf } from './paths.ts';
import type { ListOptions } from './ports.ts';
import type { Transport } from './transport.ts';

interface ListAnswer<T> {
  metadata?: { resourceVersion?: string; continue?: string };
  items?: T[] | null;
}

export interface Page<T> {
  /** The list begins with this page; pages before it are void. */
  first: boolean;
  items: T[];
  /** Of the whole list: the same on every page. */
  resourceVersion: string;
}

/**
 * A list, page by page; between pages other work of the process gets its turn. When the server forgot the list's version on the way (410), the list
 * begins again in one piece, as client-go does.
 */
export async function* listPages<T extends KubeObject>(
  transport: Transport,
  kind: KindInfo,
  options: ListOptions,
): AsyncGenerator<Page<T>> {
  const { namespace, labelSelector, fieldSelector, signal } = options;
  let limit: number | undefined = options.limit ?? transport.tuning.pageSize;
  let token: string | undefined;
  for (;;) {
    let answer: ListAnswer<T>;
    try {
      answer = await transport.send<ListAnswer<T>>({
        verb: 'list',
        kind: kind.kind,
        target: `${nameOf(kind, {})} objects${namespace === undefined ? '' : ` of namespace ${namespace}`}`,
        path: pathOf(kind, namespace),
        query: { labelSelector, fieldSelector, limit: limit?.toString(), continue: token },
        signal,
      });
    } catch (error) {
      if (!isGone(error) || token === undefined) throw error;
      [limit, token] = [undefined, undefined];
      continue;
    }
    // A list of Kubernetes' own kinds leaves these out of its items; a watch does not.
    const items = (answer.items ?? []).map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }));
    yield { first: token === undefined, items, resourceVersion: answer.metadata?.resourceVersion ?? '' };
    token = answer.metadata?.continue || undefined;
    if (token === undefined) return;
    await yieldToOthers();
  }
}
