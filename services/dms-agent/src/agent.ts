/** The life of the agent: look at the host, announce, go on with what was left, then take operations; look again now and then. */
import type { AnnounceReply } from '@dpf/api';
import type { OperationReceiver } from '@dpf/queue';
import { Refused, type Controller } from './controller/client.ts';
import { uptimeOf } from './host/boot.ts';
import { isUnfinished } from './journal/journal.ts';
import { cleanup } from './operations/cleanup.ts';
import type { OperationContext } from './operations/context.ts';
import { OperationControl } from './operations/control.ts';
import type { Executor } from './operations/executor.ts';
import { hostNetwork } from './operations/host-network.ts';
import { stopCard } from './operations/stop-card.ts';

export interface AgentSettings {
  node: string;
  instance: string;
  version: string;
  /** How often the cards are looked at, milliseconds. */
  detectMs: number;
  /**
   * How often the agent announces itself without news, give or take a fifth so that a fleet does not do it at once; milliseconds. It hears so whether the Dpus that
   * it holds something of still exist, and where its Node was made again, or lost what was written on it, it is known again.
   */
  askMs: number;
  /** 0 to 1. */
  chance?: () => number;
}

/** After a failed announcement, milliseconds. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** The shortest time between two looks at the cards, milliseconds. */
const LOOK_AGAIN_MS = 1_000;
/** How long the announcement waits for the queue to be dropped, milliseconds. */
const QUEUE_MS = 3_000;
/** How long an operation of a Dpu that is gone may take to stop before the agent goes on with its other work, milliseconds. */
const STOP_MS = 60_000;

export class Agent {
  readonly #context: OperationContext;
  readonly #controller: Controller;
  readonly #executor: Executor;
  readonly #settings: AgentSettings;
  #announcing: Promise<void> | undefined;
  #again = false;
  /** The cards of the last announcement that was taken. */
  #told = '';
  /** When the next one is due though there is no news. */
  #dueAt = 0;
  #open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));
  /** When dpu-controller last took an announcement, by the agent's clock. */
  announcedAt: number | undefined;
  /** Why it did not take the last one. */
  trouble: string | undefined;
  /** When the agent last looked at its cards, or asked dpu-controller once more. */
  aliveAt: number;

  constructor(context: OperationContext, controller: Controller, executor: Executor, settings: AgentSettings) {
    this.#context = context;
    this.#controller = controller;
    this.#executor = executor;
    this.#settings = settings;
    this.aliveAt = context.clock.now();
  }

  /**
   * Resolves once the agent is announced. Its queue is dropped before, so that what is submitted upon the announcement stays; where Redis is away
   * that is not waited for, and once Redis is back the agent announces again.
   */
  async start(receiver: OperationReceiver): Promise<void> {
    const { journal, clock, stopping, rshim } = this.#context;
    if (journal.unfinished().length > 0) await rshim.hideLogs();
    await this.#look();
    const taken = this.#receive(receiver);
    const inTime = await Promise.race([taken.then(() => true), clock.sleep(QUEUE_MS, stopping).then(() => false)]);
    await this.announce();
    if (stopping.aborted) return;
    this.#open();
    if (!inTime) void taken.then(() => this.announce());
    for (const pci of Object.keys(journal.data.hostNetworks)) void this.#reapply(pci);
    for (const entry of Object.values(journal.data.installs))
      if (isUnfinished(entry) || (entry.ending && !entry.answered)) this.#perform(entry.id);
    void this.#watchHost();
  }

  /** Resolves when the queue is dropped and operations are taken; they are begun only once the agent is announced. Redis away: everything waits, nothing breaks. */
  async #receive(receiver: OperationReceiver): Promise<void> {
    const { clock, stopping, warn } = this.#context;
    for (let pause = FIRST_PAUSE_MS; !stopping.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await receiver.receive(async (id, mirror) => {
          await this.#opened;
          return this.#executor.perform(id, mirror);
        });
      } catch (error) {
        warn('cannot receive operations yet', { err: error });
        await clock.sleep(pause, stopping);
      }
    }
  }

  /** Announces until dpu-controller has it, and undoes what belongs to Dpus that are gone. Calls that come meanwhile are answered by one more announcement. */
  announce(): Promise<void> {
    if (this.#announcing) {
      this.#again = true;
      return this.#announcing;
    }
    this.#announcing = this.#announceAll().finally(() => (this.#announcing = undefined));
    return this.#announcing;
  }

  async #announceAll(): Promise<void> {
    do {
      this.#again = false;
      await this.#announceOnce();
    } while (this.#again && !this.#context.stopping.aborted);
  }

  async #announceOnce(): Promise<void> {
    const { clock, stopping, journal } = this.#context;
    const { askMs, chance = Math.random } = this.#settings;
    for (let pause = FIRST_PAUSE_MS; !stopping.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      // A dpu-controller that is away is no reason to restart: installs would be cut off.
      this.aliveAt = clock.now();
      // What is known before the question is asked: a Dpu that is made meanwhile is not in the answer.
      const known = new Set([...Object.values(journal.data.installs), ...Object.values(journal.data.hostNetworks)].map(({ uid }) => uid));
      try {
        const reply = await this.#send();
        this.announcedAt = clock.now();
        this.#dueAt = this.announcedAt + askMs * (0.8 + 0.4 * chance());
        this.trouble = undefined;
        if (await this.#undoGone(known, reply)) this.#again = true;
        return;
      } catch (error) {
        this.trouble = (error as Error).message;
        if (await this.#takeOver(error)) continue;
        this.#context.warn('dpu-controller did not take the announcement', { err: error });
      }
      await clock.sleep(pause, stopping);
    }
  }

  /** The journal was lost, or is another host's: what dpu-controller knows goes on. False when it is of no help. */
  async #takeOver(error: unknown): Promise<boolean> {
    const last = error instanceof Refused ? error.announced : undefined;
    if (!last) return false;
    const { journal, host, warn } = this.#context;
    const news = await journal.goOnFrom(last, (await uptimeOf(host)) ?? 0);
    if (news) warn('the journal knew less than dpu-controller, the count of boots goes on from there', { last, boot: journal.data.boot });
    return news;
  }

  async #send(): Promise<AnnounceReply> {
    const { journal, cards } = this.#context;
    // By boots-are-ordered: numbered by boot, and within it by a sequence that outlives the process.
    await journal.update((data) => data.sequence++);
    const { boot, bootId, sequence } = journal.data;
    const { node, instance, version } = this.#settings;
    const told = JSON.stringify(cards.current);
    const reply = await this.#controller.announce({
      node,
      instance,
      boot,
      bootId,
      sequence,
      agentVersion: version,
      cards: [...cards.current],
      journal: journal.heads(),
      holds: [...new Set([...journal.holds(), ...this.#executor.working()])].sort(),
    });
    this.#told = told;
    return reply;
  }

  /** Dpus that this host still holds something of and that exist no more: stopped, undone, forgotten. True if there were any and nothing of them is left. */
  async #undoGone(known: Set<string>, reply: AnnounceReply): Promise<boolean> {
    const { journal, warn } = this.#context;
    let undone = false;
    for (const uid of known) {
      if (reply.dpus.some((dpu) => dpu.uid === uid)) continue;
      try {
        await this.#executor.stop(uid, STOP_MS);
        for (const { pci, entry } of journal.unfinished()) if (entry.uid === uid) await this.#abandon(pci);
        await cleanup(uid, this.#context);
        undone = true;
      } catch (error) {
        warn('something of a Dpu that is gone cannot be undone yet', { uid, err: error });
      }
    }
    return undone;
  }

  /** An unfinished install of a Dpu that is gone, which nothing in this process works on any more. */
  async #abandon(pci: string): Promise<void> {
    const { journal, locks } = this.#context;
    // By card-lock, while a push child still lives nothing is confirmed to be gone.
    const lock = await locks.tryAcquire(pci);
    if (!lock) return;
    try {
      await stopCard(this.#context, pci, journal.install(pci)?.story);
      await journal.endInstall(pci, { state: 'cancelled', percent: 0, message: 'its Dpu is gone', boot: journal.data.boot });
    } finally {
      await lock.release();
    }
  }

  #perform(id: string): void {
    this.#executor.perform(id).catch(() => undefined);
  }

  /** Looks at the cards now and then, and announces what is new; now and then also that nothing is. */
  async #watchHost(): Promise<void> {
    const { clock, stopping } = this.#context;
    const { detectMs } = this.#settings;
    // Often after a start and after a change (drivers are starting, a card is coming back), then ever more rarely.
    for (let pause = LOOK_AGAIN_MS; !stopping.aborted; pause = Math.min(2 * pause, detectMs)) {
      await clock.sleep(pause, stopping);
      if (stopping.aborted) return;
      await this.#look();
      // Not what this look found new: operations look at the cards too, and what one of them saw first is not announced yet.
      const changed = JSON.stringify(this.#context.cards.current) !== this.#told;
      if (changed) pause = LOOK_AGAIN_MS;
      // An announcement without news costs dpu-controller a read, and no write.
      if (changed || clock.now() >= this.#dueAt) await this.announce();
    }
  }

  async #look(): Promise<void> {
    try {
      await this.#context.cards.refresh();
    } catch (error) {
      this.#context.warn('cannot look at the cards', { err: error });
    } finally {
      this.aliveAt = this.#context.clock.now();
    }
  }

  /** Virtual functions and bridge ports are lost with every boot of the host. */
  async #reapply(pci: string): Promise<void> {
    const { journal, clock, stopping, locks, warn } = this.#context;
    for (let pause = FIRST_PAUSE_MS; !stopping.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const record = journal.data.hostNetworks[pci];
      if (!record) return;
      const lock = await locks.tryAcquire(pci);
      try {
        if (lock) return void (await hostNetwork(pci, record, this.#context, new OperationControl()));
      } catch (error) {
        warn('cannot set up the host network of a card again yet', { pci, err: error });
      } finally {
        await lock?.release();
      }
      await clock.sleep(pause, stopping);
    }
  }
}
