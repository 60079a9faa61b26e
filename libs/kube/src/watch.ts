import type { KindInfo, KubeObject } from '@dpf/api';
import { ApiError, errorOfStatus, type Status } from './api-error.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import { nameOf, pathOf } from './paths.ts';
import type { ReflectOptions } from './ports.ts';
import type { Transport } from './transport.ts';
import { unreachable } from './unreachable.ts';
import { linesOf, type WatchEvent } from './watch-stream.ts';

/** How far a watch got. */
export interface WatchPosition {
  resourceVersion: string;
  /** The watch begins by telling every object as it is, then {@link WHOLE}: what was lost before, by whatever fault, is made up for. */
  retell?: boolean;
}

/** Type of the event that follows the last object of a retelling. */
export const WHOLE = 'WHOLE';

/** Nothing came for too long: the connection is taken for dead, whatever TCP says. */
export class WatchIdleError extends Error {
  override readonly name = 'WatchIdleError';
}

/**
 * One watch, from `position` until the server ends it after `seconds`. Moves the position on after each event was taken; bookmarks are consumed here.
 * @throws ApiError (410: the position is too old, list again), {@link WatchIdleError}
 */
export async function* watch<T extends KubeObject>(
  transport: Transport,
  kind: KindInfo,
  { namespace, labelSelector, fieldSelector }: Pick<ReflectOptions<T>, 'namespace' | 'labelSelector' | 'fieldSelector'>,
  position: WatchPosition,
  seconds: number,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  const { idleMs, lateMs } = transport.tuning;
  const target = `${nameOf(kind, {})} objects${namespace === undefined ? '' : ` of namespace ${namespace}`}`;
  const connection = new AbortController();
  const abort = () => connection.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  let idle: NodeJS.Timeout | undefined;
  let overdue: NodeJS.Timeout | undefined;
  try {
    const stream = await transport.open({
      verb: 'watch',
      kind: kind.kind,
      target,
      path: pathOf(kind, namespace),
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: position.resourceVersion,
        timeoutSeconds: String(seconds),
        ...(position.retell && { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }),
        labelSelector,
        fieldSelector,
      },
      signal: connection.signal,
    });
    idle = setTimeout(() => connection.abort(new WatchIdleError(`cannot watch ${target}: silent for ${idleMs / 1000} s`)), idleMs);
    overdue = setTimeout(
      () => connection.abort(new WatchIdleError(`cannot watch ${target}: the server did not end it after ${seconds} s`)),
      seconds * 1000 + lateMs,
    );
    for await (const line of linesOf(stream)) {
      idle.refresh();
      const event = JSON.parse(line) as WatchEvent<T>;
      if (event.type === 'ERROR') throw errorOfStatus(`watch ${target}`, event.object as unknown as Status);
      const whole =
        position.retell && event.type === 'BOOKMARK' && event.object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
      if (whole) yield { type: WHOLE, object: event.object };
      else if (event.type !== 'BOOKMARK') yield event;
      if (whole) position.retell = false;
      // What is told again bears old versions.
      if (position.retell) continue;
      position.resourceVersion = event.object.metadata.resourceVersion ?? position.resourceVersion;
    }
  } catch (error) {
    connection.signal.throwIfAborted();
    throw error instanceof ApiError || error instanceof KubeconfigError
      ? error
      : unreachable(`watch ${target}`, transport.server, error, false);
  } finally {
    clearTimeout(idle);
    clearTimeout(overdue);
    signal.removeEventListener('abort', abort);
    connection.abort();
  }
}
