/** Takes operation ids, from wherever they come, and sees each to its end: claim, execute, report. */
import {
  operationId,
  parseOperationId,
  type ClaimRequest,
  type OperationRef,
  type OperationSpec,
  type Pci,
  type Report,
  type ReportReply,
} from '@dpf/api';
import { Refused, type Controller } from '../controller/client.ts';
import { isOlder, isUnfinished } from '../journal/journal.ts';
import type { Ending } from '../journal/records.ts';
import { cleanup } from './cleanup.ts';
import type { OperationContext } from './context.ts';
import { OperationControl } from './control.ts';
import { endingOf } from './ending.ts';
import { AgentStopping, OperationDropped } from './failure.ts';
import { hostNetwork } from './host-network.ts';
import { install } from './install.ts';
import { preflight } from './preflight.ts';
import { reset } from './reset.ts';

export interface ExecutorSettings {
  node: string;
  instance: string;
  /** How often a running operation is reported; at most 10 s. */
  heartbeatMs: number;
  onEnded: (kind: string, result: string) => void;
  /**
   * An announcement is due: dpu-controller does not want an operation (any more) of a Dpu that was worked on, or that something is held of, here, so that Dpu
   * may be gone; or it does not know this agent; or the last one said that it is held for an operation which has ended.
   */
  announce: () => void;
}

interface Running {
  ref: OperationRef;
  control: OperationControl;
  done: Promise<string>;
  /** To be announced once it has ended. */
  announce: boolean;
}

/** A uid as dpu-controller takes it in an announcement: ids come by Redis, and one that is made up must not spoil it. */
const UID = /^[a-z0-9][a-z0-9-]{0,62}$/;

export type Mirror = (percent: number, message: string) => void;

export class Executor {
  readonly #context: OperationContext;
  readonly #controller: Controller;
  readonly #settings: ExecutorSettings;
  readonly #running = new Map<string, Running>();

  constructor(context: OperationContext, controller: Controller, settings: ExecutorSettings) {
    this.#context = context;
    this.#controller = controller;
    this.#settings = settings;
  }

  /** Sees an operation to its end and says in a few words how it went. The same id given again while it runs joins it. Rejects only when the agent ends. */
  perform(id: string, mirror: Mirror = () => undefined): Promise<string> {
    const ref = parseOperationId(id);
    if (!ref || operationId(ref) !== id || (ref.kind !== 'reset' && !UID.test(ref.uid))) return Promise.resolve('no operation id');
    const running = this.#running.get(id);
    if (running) return running.done;
    const control = new OperationControl(mirror);
    const stop = () => control.shutDown();
    this.#context.stopping.addEventListener('abort', stop);
    if (this.#context.stopping.aborted) stop();
    const done = this.#perform(id, ref, control).finally(() => {
      const ended = this.#running.get(id);
      this.#running.delete(id);
      this.#context.stopping.removeEventListener('abort', stop);
      if (ended?.announce) this.#settings.announce();
    });
    this.#running.set(id, { ref, control, done, announce: false });
    return done;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** The Dpus that operations run for, or are asked for. Announced: the end of each is announced too. */
  working(): string[] {
    const operations = [...this.#running.values()].filter(({ ref }) => ref.kind !== 'reset');
    for (const operation of operations) operation.announce = true;
    return operations.flatMap(({ ref }) => (ref.kind === 'reset' ? [] : [ref.uid]));
  }

  /** Stops whatever runs for a uid and waits for it, for so long at most: what hangs must not keep the agent from its other work. Rejects then. */
  async stop(uid: string, limitMs: number): Promise<void> {
    const mine = [...this.#running.values()].filter(({ ref }) => ref.kind !== 'reset' && ref.uid === uid);
    if (mine.length === 0) return;
    for (const { control } of mine) control.abandon();
    const late = new AbortController();
    const over = this.#context.clock.sleep(limitMs, late.signal).then(() => 'late' as const);
    const stopped = Promise.allSettled(mine.map(({ done }) => done));
    const first = await Promise.race([stopped, over]);
    late.abort();
    if (first === 'late')
      throw new Error(`an operation of Dpu ${uid} does not stop: ${mine.map(({ control }) => control.message).join('; ')}`);
  }

  /** Waits until everything that runs has ended; after the agent was told to stop. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done));
  }

  async #perform(id: string, ref: OperationRef, control: OperationControl): Promise<string> {
    const { journal, stopping } = this.#context;
    if (ref.kind === 'reset' && (ref.node !== this.#settings.node || ref.boot !== journal.data.boot))
      return 'dropped: of another host or boot';
    if (isOlder(journal, id)) return 'dropped: older than the journal';
    try {
      const told = this.#journaled(id);
      if (told?.ending) return await this.#report(id, ref, told.ending);
      // An install that this agent left unfinished may have been cancelled meanwhile.
      if (told && isUnfinished(told)) await this.#heartbeat(id, control);
      const spec = await this.#controller.claim(id, this.#claimRequest(), stopping);
      if (spec.id !== id || spec.kind !== ref.kind) return 'dropped: dpu-controller answered for another operation';
      if (spec.cancel) control.cancel(spec.cancel);
      return await this.#report(id, ref, await this.#withHeartbeat(id, control, () => this.#execute(spec, ref, control)));
    } catch (error) {
      if (error instanceof Refused) {
        this.#claimRefused(id, ref, error);
        return `dropped: ${error.message}`;
      }
      if (error instanceof OperationDropped) {
        if (ref.kind !== 'reset') this.#announceEnd(id);
        return `dropped: ${error.message}`;
      }
      if (error instanceof AgentStopping || stopping.aborted) throw new AgentStopping('the agent is being stopped');
      throw error;
    }
  }

  #journaled(id: string) {
    return Object.values(this.#context.journal.data.installs).find((entry) => entry.id === id);
  }

  #execute(spec: OperationSpec, ref: OperationRef, control: OperationControl): Promise<Ending> {
    const context = this.#context;
    if (spec.kind === 'install') return install(spec, context, control);
    return endingOf(context, control, async () => {
      control.check();
      switch (spec.kind) {
        case 'preflight':
          return preflight(spec, context, control);
        case 'cleanup':
          return cleanup(spec.uid, context);
        case 'reset':
          return reset(spec, context, control);
        case 'hostNetwork':
          return this.#locked(spec.pci, control, () => {
            const { uid, numberOfVfs, mtu, channelVf } = spec;
            return hostNetwork(
              spec.pci,
              { uid, attempt: ref.kind === 'reset' ? 0 : ref.attempt, numberOfVfs, mtu, channelVf },
              context,
              control,
            );
          });
      }
    });
  }

  /** Anybody who reaches Redis can submit ids: only one of a Dpu that something is held of is worth an announcement. */
  #claimRefused(id: string, ref: OperationRef, { reason, afterSilence }: Refused): void {
    const heads = this.#context.journal.heads();
    // Its Node was made again, or lost what was written on it: no operation is granted before the agent is known again.
    if (reason === 'NotAnnounced') this.#announceEnd(id);
    if (ref.kind !== 'reset' && (afterSilence || heads.some(({ uid }) => uid === ref.uid))) this.#announceEnd(id);
  }

  /** Not before it has ended: until then its Dpu is announced as held. */
  #announceEnd(id: string): void {
    const operation = this.#running.get(id);
    if (operation) operation.announce = true;
  }

  #claimRequest(): ClaimRequest {
    const { boot, sequence } = this.#context.journal.data;
    return { instance: this.#settings.instance, boot, sequence };
  }

  /** For what has not begun and touches no push: a cancel ends the wait. */
  async #locked<T>(pci: Pci, control: OperationControl, work: () => Promise<T>): Promise<T> {
    const lock = await this.#context.locks.acquire(pci, control.signal);
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }

  /** Reports an ending until it is answered, and notes that in the journal. Refused is an answer too. */
  async #report(id: string, ref: OperationRef, ending: Ending): Promise<string> {
    const { journal, stopping } = this.#context;
    let refused: Refused | undefined;
    try {
      await this.#controller.reportUntilAnswered(id, { instance: this.#settings.instance, ...ending }, stopping);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused = error;
    }
    await journal.update((data) => {
      for (const entry of Object.values(data.installs)) if (entry.id === id) entry.answered = true;
    });
    this.#settings.onEnded(ref.kind, ending.state);
    // Also where nothing is held of it: a Dpu that was deleted by force is released only when the agent says so.
    if (refused && ref.kind !== 'reset') this.#announceEnd(id);
    return refused ? `${ending.state}, not wanted any more: ${refused.message}` : `${ending.state}: ${ending.message}`;
  }

  async #withHeartbeat<T>(id: string, control: OperationControl, work: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const beat = async () => {
      for (;;) {
        await this.#context.clock.sleep(this.#settings.heartbeatMs, over.signal);
        if (over.signal.aborted) return;
        await this.#heartbeat(id, control);
      }
    };
    const beating = beat();
    try {
      return await work();
    } finally {
      // The last heartbeat must not overtake the result.
      over.abort();
      await beating;
    }
  }

  /** Says that the operation runs, and hears whether it is to be stopped. An answer that does not come is no reason to stop. */
  async #heartbeat(id: string, control: OperationControl): Promise<void> {
    const report: Report = {
      instance: this.#settings.instance,
      boot: this.#context.journal.data.boot,
      state: 'running',
      percent: control.percent,
      message: control.message,
    };
    let reply: ReportReply;
    try {
      reply = await this.#controller.report(id, report);
    } catch (error) {
      // 409: nobody waits for it any more. 403 is trouble with the token, which passes.
      if (error instanceof Refused && error.status === 409) control.abandon();
      return;
    }
    if (reply.cancel) control.cancel(reply.cancel);
  }
}
