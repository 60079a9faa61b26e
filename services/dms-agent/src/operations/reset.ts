/** Reset of the whole host, so that its cards start with what was installed: once per boot. */
import type { OperationSpec, Pci } from '@dpf/api';
import { busAddress } from '../detect/pci.ts';
import { uptimeOf } from '../host/boot.ts';
import type { CardLock } from '../lock.ts';
import { lastWords } from '../tools.ts';
import type { OperationContext } from './context.ts';
import type { OperationControl } from './control.ts';
import { AgentStopping, OperationDropped, OperationFailure } from './failure.ts';

export type ResetSpec = OperationSpec & { kind: 'reset' };

const SYSTEM_OFF = /INFO\[BL31\]: System Off/;
const OFF_POLL_MS = 1000;

/** @throws OperationDropped when it may not be done now, OperationFailure when it was given up; when it works the agent ends with the host */
export async function reset(spec: ResetSpec, context: OperationContext, control: OperationControl): Promise<string> {
  const { journal } = context;
  if (spec.boot !== journal.data.boot) throw new OperationDropped(`boot ${spec.boot} is over`);
  const locks = await lockAll(context);
  try {
    // Rule reset-alone: nothing is reset while a card of the host has an unfinished install.
    if (journal.unfinished().length > 0) throw new OperationDropped('a card of this host has an unfinished install');
    // Rule reset-journaled: a reset that was issued in this boot may still land; only when it can no longer land is it issued again.
    if (!journal.data.reset) {
      if (spec.method === 'systemLevelReset') await shutDownCards(context, control);
      control.begin();
      const issuedAtUptime = await uptimeOf(context.host);
      if (issuedAtUptime === undefined) throw new Error('cannot read /proc/uptime of the host, nothing was reset');
      await journal.update((data) => (data.reset = { boot: spec.boot, issuedAtUptime }));
      control.progress(80, 'resets the host');
      await issue(spec, context);
    }
    await waitForEnd(context, control);
    throw new OperationFailure('HostResetNotSeen', 'transient', 'the host was told to reset and did not go down');
  } catch (error) {
    // Given up: installs are allowed again, and the report releases the record on the Node.
    if (error instanceof OperationFailure) await journal.update((data) => delete data.reset);
    throw error;
  } finally {
    for (const lock of locks) await lock.release();
  }
}

/** By card-lock a reset needs the lock of every card of the host. */
async function lockAll(context: OperationContext): Promise<CardLock[]> {
  const held: CardLock[] = [];
  for (const { pci } of context.journal.data.cards) {
    const lock = await context.locks.tryAcquire(pci);
    if (lock) held.push(lock);
    else {
      for (const other of held) await other.release();
      throw new OperationDropped(`an operation on card ${pci} is not over yet`);
    }
  }
  return held;
}

/** Shuts down the Arm system of every card and waits until each says so in its log, up to a bound: after it the host is reset all the same. */
async function shutDownCards(context: OperationContext, control: OperationControl): Promise<void> {
  const cards = presentCards(context);
  control.progress(10, `shuts down the Arm systems of ${cards.length} cards`);
  for (const pci of cards) {
    const device = await context.rshim.find(busAddress(pci));
    if (device) await context.rshim.empty(device.name).catch(() => undefined);
    // From the host the tool ends with "Failed to send Register MRSI" although it worked (vendor's note): the log of the card is the proof.
    await firmwareReset(context, pci, ['-l', '1', '-t', '4', '--sync', '0', '-y', 'reset']);
  }
  const until = context.clock.now() + context.timing.armOffMs;
  const on = new Set(cards);
  for (;;) {
    for (const pci of on) if (await isOff(context, pci)) on.delete(pci);
    control.progress(10 + (60 * (cards.length - on.size)) / Math.max(1, cards.length), `waits for ${on.size} Arm systems to go off`);
    if (on.size === 0) return;
    if (context.clock.now() >= until) {
      context.warn('Arm systems did not say that they are off, the host is reset all the same', { cards: [...on] });
      return;
    }
    await context.clock.sleep(Math.min(OFF_POLL_MS, context.timing.logPollMs), control.signal);
    control.check();
  }
}

async function isOff(context: OperationContext, pci: Pci): Promise<boolean> {
  const device = await context.rshim.find(busAddress(pci));
  if (!device) return true;
  const { log } = await context.rshim.read(device.name).catch(() => ({ log: [] }));
  return (log ?? []).some((line) => SYSTEM_OFF.test(line));
}

/** The host goes down by mlxfwreset's level 4 (a reboot), or by its BMC where that is asked for or the first does not work. */
async function issue(spec: ResetSpec, context: OperationContext): Promise<void> {
  const words: string[] = [];
  const [first] = presentCards(context);
  if (spec.method === 'systemLevelReset' && first) {
    const result = await firmwareReset(context, first, ['-l', '4', '-y', 'reset']);
    if (result.ok || result.timedOut) return;
    words.push(`mlxfwreset: ${lastWords(result)}`);
  }
  const result = await context.tools.run('ipmitool', ['chassis', 'power', spec.command], { device: 'bmc', timeoutMs: 60_000 });
  if (result.ok || result.timedOut) return;
  words.push(`ipmitool: ${lastWords(result)}`);
  throw new OperationFailure('HostResetFailed', 'needsHuman', words.join('; '));
}

/** The agent ends with the host. Returns when the reset can no longer land, by the host's uptime: the time of day may be set meanwhile. */
async function waitForEnd(context: OperationContext, control: OperationControl): Promise<void> {
  const until = (context.journal.data.reset?.issuedAtUptime ?? 0) + context.timing.resetLandingMs;
  control.progress(90, 'waits for the host to go down');
  for (;;) {
    // A host whose uptime cannot be read any more is going down.
    const left = until - ((await uptimeOf(context.host)) ?? 0);
    if (left <= 0) return;
    // A reset that was issued cannot be called back: only the agent's own end is heeded here.
    await context.clock.sleep(Math.min(1000, left), context.stopping);
    if (context.stopping.aborted) throw new AgentStopping('the agent is being stopped');
  }
}

async function firmwareReset(context: OperationContext, pci: Pci, args: string[]) {
  const device = ['-d', `${busAddress(pci)}.0`];
  const result = await context.tools.run('mlxfwreset', [...device, ...args], { device: pci, timeoutMs: 120_000 });
  return result.missing ? context.tools.run('mstfwreset', [...device, ...args], { device: pci, timeoutMs: 120_000 }) : result;
}

const presentCards = (context: OperationContext): Pci[] => context.cards.current.filter((card) => card.present).map((card) => card.pci);
