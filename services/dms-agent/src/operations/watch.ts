/** Watches an installation: the push child, the rshim log, the deadlines. */
import { failureMarker } from '@dpf/api';
import { busAddress } from '../detect/pci.ts';
import type { Push } from '../push/child.ts';
import { CardLog } from '../rshim/card-log.ts';
import { tell, type LogStory } from '../rshim/story.ts';
import type { OperationContext } from './context.ts';
import type { OperationControl } from './control.ts';
import { InstallEntry } from './entry.ts';
import { OperationFailure } from './failure.ts';
import { pushFailure } from './push-failure.ts';
import { verdict, type InstallSpec } from './verdict.ts';

/** The part of the percentage that the push has; the log has the rest. */
const PUSH_PERCENT = 50;

/** @returns a sentence when the card is configured. @throws OperationFailure, or what the control says */
export async function watch(spec: InstallSpec, context: OperationContext, control: OperationControl, push?: Push): Promise<string> {
  const { clock } = context;
  const entry = new InstallEntry(spec, context);
  const log = new CardLog(busAddress(spec.pci), context.rshim, entry.present.oldLog);
  const markers = { configured: spec.marker, failed: failureMarker(spec.uid, spec.attempt) };
  const hear = async (news: string[]) => {
    if (news.length === 0) return;
    const story = tell(entry.present.story, news, markers, clock.now());
    await entry.note({ story: log.full ? { ...story, lossy: true } : story });
  };
  const watchedSince = clock.now();
  let bytes = { count: 0, at: watchedSince };
  try {
    for (;;) {
      await hear(await log.look());
      // Emptied only after what was read was journaled: an agent that ends in between loses next to nothing.
      await hear(await log.emptyIfFilling());
      if (push && entry.present.state === 'running') {
        if ((push.bytes ?? 0) > bytes.count) bytes = { count: push.bytes ?? 0, at: clock.now() };
        if (push.ended) await pushEnded(spec, context, push, entry);
        else if (log.dropMode)
          throw new OperationFailure('RshimOwnedByBmc', 'needsHuman', `card ${spec.pci}: rshim went into drop mode during the push`);
      }
      const { story, openedAt, pushedAt } = entry.present;
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
async function pushEnded(spec: InstallSpec, context: OperationContext, push: Push, entry: InstallEntry): Promise<void> {
  const { story, openedAt } = entry.present;
  const ended = push.ended as NonNullable<Push['ended']>;
  const now = context.clock.now();
  if (ended.exit !== 'complete')
    throw story.failure
      ? new OperationFailure(story.failure.reason, story.failure.class, story.failure.message)
      : pushFailure(ended.exit, ended.words, spec.pci);
  await entry.note({ state: 'pushed', pushedAt: now });
  context.onPushed(spec.bfbSize, (now - openedAt) / 1000);
}

function show(control: OperationControl, story: LogStory, pushedShare: number): void {
  const percent = PUSH_PERCENT * pushedShare + ((100 - PUSH_PERCENT) * story.percent) / 100;
  const message = pushedShare < 1 ? `pushes the image, ${Math.floor(100 * pushedShare)} %: ${story.message}` : story.message;
  // 100 is for the result.
  control.progress(Math.min(99, percent), message);
}
