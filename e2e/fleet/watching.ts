/** Waiting for the system to say something, and remembering what it said. Driven by watch events: nothing is polled. */
import type { KindInfo, KubeObject } from '@dpf/api';
import { KINDS, type Dpu, type Phase } from '@dpf/api';
import type { Cluster, Reflector } from '@dpf/kube';
import { NAMESPACE } from './control-plane.ts';

/** A kind of one namespace, kept up to date. */
export class Watching<T extends KubeObject> {
  readonly reflector: Reflector<T>;
  readonly #kind: KindInfo;

  private constructor(kind: KindInfo, reflector: Reflector<T>) {
    this.#kind = kind;
    this.reflector = reflector;
  }

  static async start<T extends KubeObject>(cluster: Cluster, kind: KindInfo, namespace?: string): Promise<Watching<T>> {
    const reflector = cluster.reflect<T>(kind, namespace === undefined ? {} : { namespace });
    reflector.start();
    await reflector.synced();
    return new Watching(kind, reflector);
  }

  get all(): T[] {
    return this.reflector.store.list();
  }

  /**
   * Resolves with the objects once they satisfy the predicate.
   * @param what for the sentence when they do not within `seconds`; `describe` then tells what they are like instead
   */
  until(
    what: string,
    predicate: (objects: T[]) => boolean,
    seconds: number,
    describe: (object: T) => string = (object) => object.metadata.name,
  ): Promise<T[]> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(overdue);
        unsubscribe();
      };
      const look = () => {
        if (!predicate(this.all)) return;
        done();
        resolve(this.all);
      };
      const overdue = setTimeout(() => {
        done();
        reject(
          new Error(
            `not within ${seconds} s: ${what}. ${this.#kind.plural} now:\n${this.all.map((object) => `  ${describe(object)}`).join('\n')}`,
          ),
        );
      }, seconds * 1000);
      const unsubscribe = this.reflector.onEvent(look);
      look();
    });
  }

  stop(): Promise<void> {
    return this.reflector.stop();
  }
}

/** Something that a Dpu became, in the order of the watch. */
export interface DpuMoment {
  at: number;
  uid: string;
  name: string;
  host: string;
  phase: Phase | 'Deleted';
  attempt: number;
  /** What every Dpu of the namespace was at that moment, by uid. */
  others: ReadonlyMap<string, { host: string; phase: Phase }>;
}

/** All Dpus of the installation, and the history of their phases. */
export class DpuWatching {
  readonly watching: Watching<Dpu>;
  readonly history: DpuMoment[] = [];
  readonly #phases = new Map<string, { host: string; phase: Phase }>();
  readonly #listeners = new Set<(moment: DpuMoment) => void>();

  private constructor(watching: Watching<Dpu>) {
    this.watching = watching;
    for (const dpu of watching.all) this.#phases.set(dpu.metadata.uid ?? '', { host: dpu.spec.nodeName, phase: phaseOf(dpu) });
    watching.reflector.onEvent(({ type, object }) => this.#take(object, type === 'deleted'));
  }

  static async start(cluster: Cluster): Promise<DpuWatching> {
    return new DpuWatching(await Watching.start<Dpu>(cluster, KINDS.Dpu, NAMESPACE));
  }

  onMoment(listener: (moment: DpuMoment) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  allReady(count: number, seconds: number): Promise<Dpu[]> {
    return this.watching.until(`${count} DPUs Ready`, (dpus) => dpus.length === count && dpus.every(isReady), seconds, describeDpu);
  }

  stop(): Promise<void> {
    return this.watching.stop();
  }

  #take(dpu: Dpu, deleted: boolean): void {
    const uid = dpu.metadata.uid ?? '';
    const phase = phaseOf(dpu);
    const before = this.#phases.get(uid);
    if (deleted) this.#phases.delete(uid);
    else this.#phases.set(uid, { host: dpu.spec.nodeName, phase });
    if (!deleted && before?.phase === phase) return;
    const moment: DpuMoment = {
      at: Date.now(),
      uid,
      name: dpu.metadata.name,
      host: dpu.spec.nodeName,
      phase: deleted ? 'Deleted' : phase,
      attempt: dpu.status?.attempt?.number ?? 0,
      others: new Map(this.#phases),
    };
    this.history.push(moment);
    for (const listener of this.#listeners) listener(moment);
  }
}

const phaseOf = (dpu: Dpu): Phase => dpu.status?.phase ?? 'Initializing';

/** Ready at the generation that its spec has now. */
export const isReady = (dpu: Dpu): boolean => dpu.status?.phase === 'Ready' && dpu.status.observedGeneration === dpu.metadata.generation;

export const describeDpu = (dpu: Dpu): string =>
  `${dpu.metadata.name} ${phaseOf(dpu)} attempt ${dpu.status?.attempt?.number ?? 0}, ${dpu.status?.operation?.kind ?? 'no operation'} ${dpu.status?.operation?.state ?? ''}: ${dpu.status?.waitingFor ?? dpu.status?.lastError?.message ?? ''}`;
