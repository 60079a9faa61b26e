/** Install: image and bf.cfg into the card, then its log until the card is configured. */
import { join } from 'node:path';
import type { Pci } from '@dpf/api';
import { busAddress } from '../detect/pci.ts';
import type { Ending, InstallRecord } from '../journal/records.ts';
import type { CardLock } from '../lock.ts';
import { isNotedComplete } from '../push/outcome.ts';
import { startPush, type Push } from '../push/child.ts';
import { emptyStory } from '../rshim/story.ts';
import type { OperationContext } from './context.ts';
import type { OperationControl } from './control.ts';
import { endingOf } from './ending.ts';
import { InstallEntry } from './entry.ts';
import { AgentStopping, OperationFailure } from './failure.ts';
import { CONFIG_LIMIT_BYTES } from './preflight.ts';
import { usableCard } from './rshim-of.ts';
import { stopCard } from './stop-card.ts';
import type { InstallSpec } from './verdict.ts';
import { watch } from './watch.ts';

/** Runs it, or goes on with it after a restart of the agent, and journals how it ended. @throws AgentStopping, OperationDropped */
export async function install(spec: InstallSpec, context: OperationContext, control: OperationControl): Promise<Ending> {
  control.progress(0, `waits for the lock of card ${spec.pci}: an earlier push is not over; if its process does not end, reboot the host`);
  // By card-lock, without the lock nothing is started, and nothing is confirmed, not even a cancel: who asked for it sees the message above.
  const lock = await context.locks.acquire(spec.pci, control.waits);
  try {
    const entry = context.journal.install(spec.pci);
    const mine = entry?.id === spec.id ? entry : undefined;
    if (mine?.ending) return mine.ending;
    const ending = await endingOf(context, control, () =>
      mine ? goOn(spec, mine, context, control) : begin(spec, lock, context, control),
    );
    if (ending.state === 'succeeded') Object.assign(ending, await learned(context, spec.pci));
    if (context.journal.install(spec.pci)?.id === spec.id) await new InstallEntry(spec, context).end(ending, control);
    return ending;
  } finally {
    await lock.release();
  }
}

async function begin(spec: InstallSpec, lock: CardLock, context: OperationContext, control: OperationControl): Promise<string> {
  const { journal, clock, rshim } = context;
  control.check();
  control.progress(0, 'looks at card and image');
  const { device } = await usableCard(context, spec.pci);
  const config = Buffer.from(spec.bfcfg, 'utf8');
  if (config.length > CONFIG_LIMIT_BYTES)
    throw new OperationFailure('ConfigTooLarge', 'neverSucceeds', `bf.cfg has ${config.length} bytes, a card takes ${CONFIG_LIMIT_BYTES}`);
  const image = await context.images.check(spec);
  // The other half of reset-alone: nothing is installed once a reset of this boot stands in the journal.
  if (journal.data.reset)
    throw new OperationFailure('ResetUnderWay', 'transient', 'the host is about to be reset, nothing was touched', { cutOff: true });
  control.begin();

  // Rule log-from-push: the log is emptied before the boot file is opened; only what comes after counts.
  const oldLog = (await rshim.empty(device.name)) ? undefined : await presentLog(context, device.name);
  // Rule push-once: journaled before the boot file is opened, so that it is never opened twice for one attempt. No journal, no push.
  const entry: InstallRecord = {
    id: spec.id,
    uid: spec.uid,
    attempt: spec.attempt,
    state: 'running',
    openedAt: clock.now(),
    story: emptyStory,
    ...(oldLog && { oldLog }),
  };
  await journal.update((data) => (data.installs[spec.pci] = entry));
  control.progress(1, 'opens the boot file: the card is reset');
  const push = startPush(
    {
      id: spec.id,
      host: context.location,
      boot: `/dev/${device.name}/boot`,
      image,
      imageBytes: spec.bfbSize,
      sha256: spec.bfbSha256,
      configBytes: config.length,
      noteFolder: context.stateDir,
      noteName: noteName(spec),
    },
    config,
    lock.fd,
  );
  try {
    return await follow(spec, context, control, push);
  } finally {
    // The lock is given back only when the child is gone.
    await push.kill();
  }
}

/** After a restart of the agent. */
async function goOn(spec: InstallSpec, entry: InstallRecord, context: OperationContext, control: OperationControl): Promise<string> {
  control.begun();
  const journaled = new InstallEntry(spec, context);
  await journaled.goOn();
  if (entry.state === 'running' && isNotedComplete(join(context.stateDir, noteName(spec)), spec.id))
    await journaled.note({ state: 'pushed', pushedAt: context.clock.now() });
  if (context.journal.install(spec.pci)?.state === 'pushed') return follow(spec, context, control);
  // By push-once, a push found broken ends the attempt, unless the card says that it has all it needs.
  const device = await context.rshim.find(busAddress(spec.pci));
  const log = device && (await presentLog(context, device.name));
  if (log?.some((line) => line.endsWith(spec.marker))) return 'the card is installed and configured';
  await stopCard(context, spec.pci, entry.story);
  throw new OperationFailure('PushCutOff', 'transient', 'the agent ended while it pushed the image', { cutOff: true });
}

/** Watches push and log to the end; an install that is given up is stopped in the card too. A push that the card, or rshim, refused is classified by its errno, unless the log knows better. */
async function follow(spec: InstallSpec, context: OperationContext, control: OperationControl, push?: Push): Promise<string> {
  try {
    return await watch(spec, context, control, push);
  } catch (error) {
    // The next agent goes on with it.
    if (error instanceof AgentStopping) throw error;
    await push?.kill();
    // A boot file that could not be opened is another's, or nobody's: the card was not touched.
    const touched = !push || push.bytes !== undefined;
    if (touched) await stopCard(context, spec.pci, context.journal.install(spec.pci)?.story);
    throw error;
  }
}

/** What the API shows of a card after an install. */
async function learned(context: OperationContext, pci: Pci): Promise<Pick<Ending, 'device' | 'firmware'>> {
  const { nic } = await context.cards.firmware(pci);
  const { serial, psid, partNumber, generation } = context.cards.get(pci) ?? {};
  const device = { ...(serial && { serial }), ...(psid && { psid }), ...(partNumber && { partNumber }), ...(generation && { generation }) };
  return { device, ...(nic && { firmware: { nic } }) };
}

async function presentLog(context: OperationContext, device: string): Promise<string[]> {
  await context.rshim.showLog(device);
  return (await context.rshim.read(device)).log ?? [];
}

const noteName = (spec: InstallSpec) => `push-${spec.pci}.json`;
