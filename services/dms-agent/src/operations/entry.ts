/** What the journal says of an install, while that install runs and where it ends. */
import type { Ending, InstallRecord } from '../journal/records.ts';
import type { OperationContext } from './context.ts';
import type { OperationControl } from './control.ts';
import { AgentStopping, OperationFailure } from './failure.ts';
import type { InstallSpec } from './verdict.ts';

/** The journal's entry of an install under way. */
export class InstallEntry {
  readonly #spec: InstallSpec;
  readonly #context: OperationContext;
  #failing = false;

  constructor(spec: InstallSpec, context: OperationContext) {
    this.#spec = spec;
    this.#context = context;
  }

  /** @throws OperationFailure when it is another's */
  get present(): InstallRecord {
    const { id, pci } = this.#spec;
    const present = this.#context.journal.install(pci);
    if (present?.id !== id) throw new OperationFailure('AgentFault', 'transient', `the journal lost ${id}`);
    return present;
  }

  /**
   * For what was seen of a push that has begun, never for what has to stand in the journal before an act. A full disk is no reason to break off the install: the
   * agent has it in memory, the disk is for the next agent and has it with the next write that succeeds. Warned of once.
   */
  async note(change: Partial<InstallRecord>): Promise<void> {
    try {
      await this.#context.journal.updateInstall(this.#spec.pci, change);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#context.warn('the journal cannot be written; the install goes on', { id: this.#spec.id, err: error });
      this.#failing = true;
    }
  }

  /**
   * For an agent that goes on with the install: a time that lies ahead is of an earlier boot of the host (or of an agent that counted from 1970), and is counted from
   * now. One that does not is at least as long ago as it seems, whatever its boot.
   */
  async goOn(): Promise<void> {
    const now = this.#context.clock.now();
    const { openedAt, pushedAt, story } = this.present;
    const { readyAt, lastLineAt } = story;
    await this.note({
      openedAt: Math.min(openedAt, now),
      ...(pushedAt !== undefined && { pushedAt: Math.min(pushedAt, now) }),
      story: {
        ...story,
        ...(readyAt !== undefined && { readyAt: Math.min(readyAt, now) }),
        ...(lastLineAt !== undefined && { lastLineAt: Math.min(lastLineAt, now) }),
      },
    });
  }

  /**
   * An ending is told only once it stands on the disk: a next agent that found the install unfinished would reset nothing of this host any more.
   * @throws AgentStopping: the next agent finds out by itself
   */
  async end(ending: Ending, control: OperationControl): Promise<void> {
    const { journal, clock, stopping, timing, warn } = this.#context;
    for (let warned = false; ; warned = true) {
      try {
        return await journal.endInstall(this.#spec.pci, ending);
      } catch (error) {
        if (!warned) warn('the journal cannot be written; the end of an install waits for it', { id: this.#spec.id, err: error });
        control.progress(control.percent, `is over; waits until the agent can write its journal: ${(error as Error).message}`);
      }
      await clock.sleep(timing.logPollMs, stopping);
      if (stopping.aborted) throw new AgentStopping('the agent is being stopped');
    }
  }
}
