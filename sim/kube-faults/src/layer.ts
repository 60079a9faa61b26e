/** The one layer of faults, in front of whatever answers requests: an API server in this process, or a proxy to a real one. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expire, refuse, replaceAnswer } from './answer.ts';
import { askedBy, type Asked } from './asked.ts';
import { matches, type FaultSpec, type Kind } from './fault.ts';
import { OpenWatch } from './open-watch.ts';

/** What the layer must know of the server behind it, and may do to it. */
export interface Owner {
  /** The newest resourceVersion, for `compact`. */
  revision(): Promise<number> | number;
  /** Restarts the server; its state is kept. Default: connections are cut and that is all. */
  restart?(): Promise<void> | void;
}

export interface Fault extends FaultSpec {
  id: string;
  /** How often it was dealt. */
  dealt: number;
  /** Whether it can still be dealt. */
  active: boolean;
}

/** Default length of a restart, in milliseconds. */
const DOWN_MS = 1000;

export class FaultLayer {
  readonly #owner: Owner;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #faults = new Map<string, { fault: Fault; ends: number }>();
  readonly #watches = new Set<OpenWatch>();
  readonly #sockets = new Set<Socket>();
  readonly #compactions: { fault: Fault; revision: number }[] = [];
  #number = 0;
  #down = 0;
  /** All requests that passed here or were refused here. */
  requests = 0;
  /** The same by who asked (the User-Agent up to its slash), verb and resource: `dpu-controller patch dpus/status`. */
  readonly requestsBy = new Map<string, number>();
  /** How often faults of each kind were dealt since the start, removed ones too. */
  readonly dealt: Partial<Record<Kind, number>> = {};

  /** @param options the chances for `share`, and a clock in milliseconds */
  constructor(owner: Owner, options: { random?: () => number; now?: () => number } = {}) {
    this.#owner = owner;
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Watches that are open now. */
  get openWatches(): number {
    return this.#watches.size;
  }

  /** Every fault that was asked for and not removed, with what was dealt of it. */
  list(): Fault[] {
    return [...this.#faults.values()].map(({ fault, ends }) => ({
      ...fault,
      active: this.#now() < ends && (fault.count === undefined || fault.dealt < fault.count),
    }));
  }

  /** Makes a fault effective, on watches that are open already too. Resolves when a restart is over. */
  async add(spec: FaultSpec): Promise<Fault> {
    const id = spec.id ?? `${spec.kind}-${++this.#number}`;
    const fault: Fault = { ...spec, id, dealt: 0, active: true };
    if (spec.kind === 'compact') this.#compactions.push({ fault, revision: await this.#owner.revision() });
    this.#faults.set(id, { fault, ends: spec.seconds === undefined ? Infinity : this.#now() + spec.seconds * 1000 });
    for (const watch of [...this.#watches]) {
      if (spec.kind === 'silentWatch' && this.#deals(fault, watch.asked)) watch.silence();
      if (spec.kind === 'compact' && this.#deals(fault, watch.asked)) watch.expire();
    }
    if (spec.kind === 'restart') await this.#restart(fault);
    return fault;
  }

  /** Ends a fault; false: there is none of this id. A watch that was silenced stays so, what was compacted stays forgotten. */
  remove(id: string): boolean {
    return this.#faults.delete(id);
  }

  clear(): void {
    this.#faults.clear();
  }

  /** A listener that deals the faults, and leaves everything else to the one given. */
  wrap(next: RequestListener): RequestListener {
    return (request, response) => {
      this.#meet(request, response, next).catch(() => response.destroy());
    };
  }

  async #meet(request: IncomingMessage, response: ServerResponse, next: RequestListener): Promise<void> {
    this.requests += 1;
    const asked = askedBy(request);
    const who = `${asked.userAgent.split('/')[0]} ${asked.verb} ${asked.resource}`;
    this.requestsBy.set(who, (this.requestsBy.get(who) ?? 0) + 1);
    this.#track(request.socket);
    if (this.#down > 0) return void request.socket.destroy();
    const dealt = new Set<Kind>();
    for (const { fault } of [...this.#faults.values()]) {
      if (LATER.has(fault.kind) || !this.#deals(fault, asked)) continue;
      dealt.add(fault.kind);
      if (await deal(fault, request, response)) return;
    }
    if (response.destroyed) return;
    const forgotten = this.#forgotten(asked);
    if (forgotten && asked.verb === 'watch') return expire(response);
    if (forgotten) return refuse(response, 410);
    if (asked.verb === 'watch') this.#follow(request, response, asked, dealt.has('silentWatch'));
    next(request, response);
  }

  /** Takes one from a fault, where it is for this request and its chance says so. */
  #deals(fault: Fault, asked: Asked): boolean {
    const known = this.#faults.get(fault.id);
    const isLeft = fault.count === undefined || fault.dealt < fault.count;
    if (!known || !isLeft || this.#now() >= known.ends || !matches(fault, asked)) return false;
    if (fault.share !== undefined && this.#random() >= fault.share) return false;
    this.#count(fault);
    return true;
  }

  #follow(request: IncomingMessage, response: ServerResponse, asked: Asked, silent: boolean): void {
    const json = !(request.headers.accept ?? '').includes('protobuf');
    const watch = new OpenWatch(response, asked, json, () =>
      [...this.#faults.values()].some(({ fault }) => fault.kind === 'dropEvent' && this.#deals(fault, asked)),
    );
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    if (silent) watch.silence();
  }

  /** Whether a request goes back to before a compaction: a watch that resumes, a list that continues or wants an exact version. */
  #forgotten(asked: Asked): boolean {
    const version = versionOf(asked);
    if (version === undefined) return false;
    const compaction = this.#compactions.find(({ fault, revision }) => version < revision && matches(fault, asked));
    if (compaction) this.#count(compaction.fault);
    return compaction !== undefined;
  }

  async #restart(fault: Fault): Promise<void> {
    this.#count(fault);
    this.#down += 1;
    for (const socket of this.#sockets) socket.destroy();
    try {
      await Promise.all([sleep(fault.milliseconds ?? DOWN_MS), this.#owner.restart?.()]);
    } finally {
      this.#down -= 1;
    }
  }

  #track(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #count(fault: Fault): void {
    fault.dealt += 1;
    this.dealt[fault.kind] = (this.dealt[fault.kind] ?? 0) + 1;
  }
}

/** Kinds that are not dealt when a request arrives. */
const LATER = new Set<Kind>(['compact', 'restart', 'dropEvent']);

/** True: the request is answered, or will never be. */
async function deal(fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case 'latency':
      await sleep(fault.milliseconds ?? 100);
      return false;
    case 'throttle':
      refuse(response, 429, fault.retryAfterSeconds ?? 1);
      return true;
    case 'unavailable':
      refuse(response, 503);
      return true;
    case 'reset':
      request.socket.destroy();
      return true;
    case 'errorAfterWrite':
      replaceAnswer(response, () => refuse(response, 500));
      return false;
    case 'resetAfterWrite':
      replaceAnswer(response, () => request.socket.destroy());
      return false;
    default:
      return false;
  }
}

/** The version that a request goes back to; undefined where it wants the present. */
function versionOf({ verb, query }: Asked): number | undefined {
  const token = query.get('continue');
  if (verb === 'list' && token) return versionOfToken(token);
  const version = Number(query.get('resourceVersion') ?? 0);
  const exact = verb === 'watch' ? query.get('sendInitialEvents') !== 'true' : query.get('resourceVersionMatch') === 'Exact';
  return exact && version > 0 ? version : undefined;
}

/** Continue tokens are base64 of JSON that holds the version of the first page: `rv` in kube-apiserver's, `revision` in kube-sim's. */
function versionOfToken(token: string): number | undefined {
  try {
    const { rv, revision } = JSON.parse(Buffer.from(token, 'base64').toString()) as { rv?: number; revision?: number };
    return rv ?? revision;
  } catch {
    return undefined;
  }
}
