/** How an installation stands, from what push and log have told. Pure. */
import type { OperationSpec } from '@dpf/api';
import type { LogStory } from '../rshim/story.ts';
import { OperationFailure } from './failure.ts';

export type InstallSpec = OperationSpec & { kind: 'install' };
export type Deadlines = InstallSpec['deadlines'];

export interface InstallFacts {
  /** By the agent's clock, as all times here. */
  now: number;
  openedAt: number;
  /** When the watching (re)began: silence is counted from here, not from before a restart of the agent. */
  watchedSince: number;
  /** Of a push that runs: when the card last took bytes. */
  lastByteAt?: number;
  pushedAt?: number;
  story: LogStory;
}

/** Undefined while it goes on; true when the card is installed; a failure otherwise. */
export function verdict(facts: InstallFacts, deadlines: Deadlines, readyGraceMs: number): true | OperationFailure | undefined {
  const { now, story, pushedAt } = facts;
  const pushed = pushedAt !== undefined;
  if (pushed && story.configured) return true;
  if (story.failure) return new OperationFailure(story.failure.reason, story.failure.class, story.failure.message);
  // The log loses lines: where it may have lost the end of the installer, a start of the card proves no reset. Where it has not, only the marker helps.
  const oldSystem = story.cutShort && !story.lossy;
  if (pushed && story.readyAt !== undefined && !oldSystem && now - story.readyAt >= readyGraceMs) {
    if (story.config) return true;
    return new OperationFailure('ConfigNotApplied', 'transient', 'the installed system is ready and its installer never found our bf.cfg');
  }
  const over = (since: number, seconds: number) => now - since >= seconds * 1000;
  if (over(facts.openedAt, deadlines.totalSeconds))
    return new OperationFailure(
      'InstallTimedOut',
      'transient',
      `the installation is not over after ${minutes(deadlines.totalSeconds)}; last: ${story.message}`,
    );
  if (!pushed && facts.lastByteAt !== undefined && over(facts.lastByteAt, deadlines.noByteSeconds))
    return new OperationFailure('PushTimedOut', 'transient', `the card took no byte of the image for ${minutes(deadlines.noByteSeconds)}`);
  if (pushed && over(Math.max(pushedAt, facts.watchedSince, story.lastLineAt ?? 0), deadlines.noLogSeconds)) {
    const reset = oldSystem ? 'the card was reset before its installer had ended; ' : '';
    const words = `${reset}the card wrote no log line for ${minutes(deadlines.noLogSeconds)}; last: ${story.lastLine ?? 'none'}`;
    return story.rebooted
      ? new OperationFailure('InstalledOsNotReady', 'needsHuman', words)
      : new OperationFailure('InstallerSilent', 'transient', words);
  }
  return undefined;
}

const minutes = (seconds: number) => (seconds >= 120 ? `${Math.round(seconds / 60)} minutes` : `${seconds} s`);
