/** Watches an installation: the push child, the rshim log, the deadlines. */
import { isFilling, LogTail, inDropMode } from '../rshim/misc.ts';
import { tell, type LogStory } from '../rshim/story.ts';
import type { Push } from '../push/child.ts';
import { busAddress } from '../detect/pci.ts';
import type { OperationContext } from './context.ts';
import type { OperationControl } from './control.ts';
import { OperationFailure } from './failure.ts';
import { pushFailure } from './push-failure.ts';
import { verdict, type InstallSpec } from './verdict.ts';

/** The part of the percentage that the push has; the log has the rest. */
const PUSH_PERCENT = 50;

/** @returns a sentence when the card is configured. @throws OperationFailure, or what the control says */
export async function watch(spec: InstallSpec, context: OperationContext, control: OperationControl, push?: Push): Promise<string> {
  const { journal, clock } = context;
  const entry = () => {
    const present = journal.install(spec.pci);
    if (present?.id !== spec.id) throw new OperationFailure('AgentFault', 'transient', `the journal lost ${spec.id}`);
    return present;
  };
  const log = new LogFollower(spec, context, entry().oldLog);
  const watchedSince = clock.now();
  let bytes = { count: 0, at: watchedSince };
  try {
    for (;;) {
      const news = await log.look();
      if (news) await journal.updateInstall(spec.pci, { story: tell(entry().story, news, spec.marker, clock.now()) });
      await log.emptyIfFilling();
      if (push && entry().state === 'running') {
        if ((push.bytes ?? 0) > bytes.count) bytes = { count: push.bytes ?? 0, at: clock.now() };
        if (push.ended) await pushEnded(spec, context, push, entry().story);
        else if (log.dropMode)
          throw new OperationFailure('RshimOwnedByBmc', 'needsHuman', `card ${spec.pci}: rshim went into drop mode during the push`);
      }
      const { story, openedAt, pushedAt } = entry();
      show(control, story, pushedAt === undefined ? bytes.count / spec.bfbSize : 1);
      const result = verdict(
        {
          now: clock.now(),
          openedAt,
          watchedSince,
          story,
          ...(push && { lastByteAt: bytes.at }),
          ...(pushedAt !== undefined && { pushedAt }),
        },
        spec.deadlines,
        context.timing.readyGraceMs,
      );
      if (result === true)
        return story.warnings ? `installed; the card's log warns: ${story.warnings.at(-1)}` : 'the card is installed and configured';
      if (result) throw result;
      control.check();
      const still = push && !push.ended ? [push.done] : [];
      await Promise.race([clock.sleep(context.timing.logPollMs, control.signal), ...still]);
      control.check();
    }
  } finally {
    await log.end();
  }
}

/** The child is gone: complete, or the reason why not; the card's own words come first. */
async function pushEnded(spec: InstallSpec, context: OperationContext, push: Push, story: LogStory): Promise<void> {
  const ended = push.ended as NonNullable<Push['ended']>;
  const now = context.clock.now();
  if (ended.exit !== 'complete')
    throw story.failure
      ? new OperationFailure(story.failure.reason, story.failure.class, story.failure.message)
      : pushFailure(ended.exit, ended.words, spec.pci);
  await context.journal.updateInstall(spec.pci, { state: 'pushed', pushedAt: now });
  context.onPushed(spec.bfbSize, (now - (context.journal.install(spec.pci)?.openedAt ?? now)) / 1000);
}

function show(control: OperationControl, story: LogStory, pushedShare: number): void {
  const percent = PUSH_PERCENT * pushedShare + ((100 - PUSH_PERCENT) * story.percent) / 100;
  const message = pushedShare < 1 ? `pushes the image, ${Math.floor(100 * pushedShare)} %: ${story.message}` : story.message;
  // 100 is for the result.
  control.progress(Math.min(99, percent), message);
}

/** The agent's own following of one card's log; finds the device again when its number changes. */
class LogFollower {
  readonly #pci: string;
  readonly #context: OperationContext;
  readonly #tail: LogTail;
  #news: string[] = [];
  #device: string | undefined;
  #filling = false;
  dropMode = false;

  constructor(spec: InstallSpec, context: OperationContext, oldLog?: string[]) {
    this.#pci = busAddress(spec.pci);
    this.#context = context;
    this.#tail = new LogTail(oldLog);
  }

  /** New lines; undefined when there are none. While the card is in reset nothing can be read: that is no failure. */
  async look(): Promise<string[] | undefined> {
    const { rshim } = this.#context;
    try {
      if (this.#device === undefined) {
        this.#device = (await rshim.find(this.#pci))?.name;
        if (this.#device === undefined) return undefined;
        await rshim.follow(this.#device, (log) => this.#news.push(...this.#tail.take(log)));
      }
      const report = await rshim.read(this.#device);
      this.dropMode = inDropMode(report);
      this.#filling = isFilling(report.log ?? []);
    } catch {
      await this.end();
    }
    return this.#taken();
  }

  /** Only after what was read stands in the journal: an agent that ends here loses at most what the card wrote in between. */
  async emptyIfFilling(): Promise<void> {
    if (!this.#filling || this.#device === undefined) return;
    this.#filling = false;
    await this.#context.rshim.empty(this.#device).catch(() => undefined);
  }

  async end(): Promise<void> {
    if (this.#device !== undefined) await this.#context.rshim.unfollow(this.#device);
    this.#device = undefined;
  }

  #taken(): string[] | undefined {
    const news = this.#news;
    this.#news = [];
    return news.length > 0 ? news : undefined;
  }
}
