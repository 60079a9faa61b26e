/** What a push that ended without being complete means. Pure. */
import type { PushExit } from '../push/outcome.ts';
import { OperationFailure } from './failure.ts';

/** @param words the child's last words, for an end that has no errno */
export function pushFailure(exit: PushExit, words: string, pci: string): OperationFailure {
  const [reason, failureClass, text] = PUSH_FAILURES[exit] ?? PUSH_FAILURES.unknown;
  return new OperationFailure(
    reason,
    failureClass,
    `card ${pci}: ${text}${exit === 'unknown' && words ? ` (${words.slice(0, 200)})` : ''}`,
  );
}

type PushFailure = [OperationFailure['reason'], OperationFailure['class'], string];
const PUSH_FAILURES: Partial<Record<PushExit, PushFailure>> & { unknown: PushFailure } = {
  EBUSY: ['RshimBusy', 'transient', 'another process has the boot file open'],
  EINVAL: ['RshimOwnedByBmc', 'needsHuman', 'rshim is in drop mode and refuses the boot file'],
  EPERM: ['RshimLocked', 'needsHuman', 'rshim refuses the boot file: secure NIC mode'],
  ENODEV: ['RshimLost', 'transient', 'rshim lost the card while it was pushed'],
  ENOENT: ['RshimMissing', 'transient', 'the boot file went away'],
  EIO: ['RshimLost', 'transient', 'rshim could not write to the card'],
  ETIMEDOUT: ['PushTimedOut', 'transient', 'the card stopped taking the image'],
  imageUnreadable: ['ImageNotReadable', 'transient', 'the image could not be read while it was pushed'],
  imageWrong: ['ImageWrong', 'transient', 'the image changed while it was pushed; bf.cfg was not sent'],
  unknown: ['PushFailed', 'transient', 'the push ended unexpectedly'],
};
