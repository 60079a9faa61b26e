/** Host network of one card: virtual functions, the bridge br-dpu, the channel to the DPU as its port, MTU. Idempotent: looks first, changes what differs. */
import type { Pci } from '@dpf/api';
import { busAddress, netdevOf, PCI_DEVICES } from '../detect/pci.ts';
import { errnoOf, namesIn, readLine } from '../host/port.ts';
import type { HostNetworkRecord } from '../journal/records.ts';
import { lastWords } from '../tools.ts';
import type { OperationContext } from './context.ts';
import type { OperationControl } from './control.ts';
import { OperationFailure } from './failure.ts';

export const BRIDGE = 'br-dpu';
const NET = '/sys/class/net';
const POLL_MS = 250;

export async function hostNetwork(
  pci: Pci,
  wanted: HostNetworkRecord,
  context: OperationContext,
  control: OperationControl,
): Promise<string> {
  const { journal } = context;
  control.progress(5, 'looks at the functions of the card');
  const functions = await portFunctions(context, pci);
  control.begin();
  // Journaled first: what is about to be made can be undone, and is made again after every boot of the host.
  await journal.update((data) => (data.hostNetworks[pci] = wanted));
  for (const [i, bdf] of functions.entries()) {
    control.progress(10 + 20 * i, `creates ${wanted.numberOfVfs} virtual functions on ${bdf}`);
    await setVfs(context, bdf, wanted.numberOfVfs);
    control.check();
  }
  const [pf0] = functions;
  control.progress(60, `waits for the network interface of virtual function ${wanted.channelVf}`);
  const channel = await channelOf(context, control, pf0 as string, wanted.channelVf);
  control.progress(80, `makes ${channel} a port of ${BRIDGE}`);
  await inTurn(context, async () => {
    await makeBridge(context);
    await makePort(context, channel, wanted.mtu);
  });
  return `${wanted.numberOfVfs} virtual functions, ${channel} is a port of ${BRIDGE} with MTU ${wanted.mtu}`;
}

/** The network functions `<base>.0` and, on a card with two ports, `<base>.1`. */
async function portFunctions(context: OperationContext, pci: Pci): Promise<string[]> {
  const base = busAddress(pci);
  const [device0, device1] = await Promise.all([0, 1].map((fn) => readLine(context.host, `${PCI_DEVICES}/${base}.${fn}/device`)));
  if (!device0) throw new OperationFailure('CardNotFound', 'needsHuman', `there is no card at ${pci} on the PCI bus of this host`);
  return device1 === device0 ? [`${base}.0`, `${base}.1`] : [`${base}.0`];
}

/** Sets the number of virtual functions. The reset of a card leaves the host's driver in its error state: it is recovered once. */
async function setVfs(context: OperationContext, bdf: string, count: number): Promise<void> {
  try {
    await changeVfs(context, bdf, count);
  } catch (error) {
    if (!(error instanceof OperationFailure) || error.reason !== 'DriverFailed') throw error;
    await recoverDriver(context, bdf);
    await changeVfs(context, bdf, count);
  }
}

/**
 * Writes sriov_numvfs. The kernel's contract: more than sriov_totalvfs → ERANGE; from one number to another → EBUSY (0 comes between);
 * no driver, or a driver in error → ENOENT; no SR-IOV at all → no such file.
 */
async function changeVfs(context: OperationContext, bdf: string, count: number): Promise<void> {
  const file = `${PCI_DEVICES}/${bdf}/sriov_numvfs`;
  const present = await readLine(context.host, file);
  if (present === undefined) {
    if (count === 0) return;
    throw new OperationFailure('VfsNotSupported', 'needsReset', `${bdf} has no SR-IOV (SRIOV_EN is off, or takes effect with a reset)`);
  }
  if (Number(present) === count) return;
  if (Number(present) !== 0) await writeVfs(context, bdf, file, 0);
  if (count !== 0) await writeVfs(context, bdf, file, count);
}

async function writeVfs(context: OperationContext, bdf: string, file: string, count: number): Promise<void> {
  try {
    await context.host.write(file, `${count}\n`);
    const seen = await readLine(context.host, file);
    if (Number(seen) !== count)
      throw new OperationFailure('DriverFailed', 'transient', `${bdf}: ${count} virtual functions were asked for, ${seen} are there`);
  } catch (error) {
    if (error instanceof OperationFailure) throw error;
    const errno = errnoOf(error);
    const total = await readLine(context.host, `${PCI_DEVICES}/${bdf}/sriov_totalvfs`);
    const [reason, failureClass, text] = VF_FAILURES[errno] ?? (['DriverFailed', 'transient', `the kernel says ${errno}`] as const);
    throw new OperationFailure(reason, failureClass, `${bdf}: cannot set ${count} virtual functions: ${text} (at most ${total ?? '?'})`);
  }
}

const VF_FAILURES: Record<string, readonly [OperationFailure['reason'], OperationFailure['class'], string]> = {
  ERANGE: ['VfsNotSupported', 'needsReset', 'the card offers fewer'],
  EBUSY: ['VfsBusy', 'transient', 'the present ones are in use'],
  ENOENT: ['DriverFailed', 'transient', 'no driver is bound, or it is in error'],
  ENOSPC: ['DriverFailed', 'transient', 'the PCI bus has no room for them'],
};

/** Brings mlx5 back from the fatal error that a reset of the card leaves (vendor's sequence); where devlink is missing nothing can be done. */
async function recoverDriver(context: OperationContext, bdf: string): Promise<void> {
  const reporter = [`pci/${bdf}`, 'reporter', 'fw_fatal'];
  await context.tools.run('devlink', ['health', 'set', ...reporter, 'grace_period', '0'], { device: bdf });
  await context.tools.run('devlink', ['health', 'recover', ...reporter], { device: bdf });
}

/** The interface of a virtual function: it appears a little after the function, and udev may rename it. */
async function channelOf(context: OperationContext, control: OperationControl, pf0: string, vf: number): Promise<string> {
  const until = context.clock.now() + context.timing.netdevMs;
  let recovered = false;
  for (;;) {
    const [name] = await namesIn(context.host, `${PCI_DEVICES}/${pf0}/virtfn${vf}/net`);
    if (name) return name;
    if (context.clock.now() >= until)
      throw new OperationFailure(
        'DriverFailed',
        'transient',
        `virtual function ${vf} of ${pf0} has no network interface${(await netdevOf(context.host, pf0)) ? '' : ', nor has the port itself'}`,
      );
    if (!recovered && !(await netdevOf(context.host, pf0))) await recoverDriver(context, pf0);
    recovered = true;
    await context.clock.sleep(POLL_MS, control.signal);
    control.check();
  }
}

/** The cards of a host share the bridge: one at a time makes it, becomes its port, or leaves and removes it. The agent's lock of cards serves, under its name. */
async function inTurn(context: OperationContext, work: () => Promise<void>): Promise<void> {
  const lock = await context.locks.acquire(BRIDGE, context.stopping);
  try {
    await work();
  } finally {
    await lock.release();
  }
}

async function makeBridge(context: OperationContext): Promise<void> {
  const { host, journal } = context;
  if (!(await host.stat(`${NET}/${BRIDGE}`))) {
    await journal.update((data) => (data.bridgeIsOurs = true));
    await ip(context, ['link', 'add', 'name', BRIDGE, 'type', 'bridge']).catch(async (error: unknown) => {
      // Another's, made this very moment, is not ours to remove.
      await journal.update((data) => delete data.bridgeIsOurs);
      throw error;
    });
  }
  await ip(context, ['link', 'set', 'dev', BRIDGE, 'up']);
}

async function makePort(context: OperationContext, channel: string, mtu: number): Promise<void> {
  const { host } = context;
  if (!(await isPort(context, channel))) await ip(context, ['link', 'set', 'dev', channel, 'master', BRIDGE]);
  if ((await readLine(host, `${NET}/${channel}/mtu`)) !== String(mtu))
    await ip(context, ['link', 'set', 'dev', channel, 'mtu', String(mtu)]);
  await ip(context, ['link', 'set', 'dev', channel, 'up']);
  if (!(await isPort(context, channel)))
    throw new OperationFailure('BridgeFailed', 'transient', `${channel} did not become a port of ${BRIDGE}`);
  const seen = await readLine(host, `${NET}/${channel}/mtu`);
  if (seen !== String(mtu))
    throw new OperationFailure('BridgeFailed', 'transient', `${channel} has MTU ${seen ?? '?'}, ${mtu} was asked for`);
}

const isPort = async (context: OperationContext, name: string) => (await context.host.stat(`${NET}/${BRIDGE}/brif/${name}`)) !== undefined;

async function ip(context: OperationContext, args: string[]): Promise<void> {
  const result = await context.tools.run('ip', args, { device: 'ip', timeoutMs: 30_000 });
  if (!result.ok) throw new OperationFailure('BridgeFailed', 'transient', `ip ${args.join(' ')}: ${lastWords(result)}`);
}

/** Undoes what was done for a card: the channel leaves the bridge, the virtual functions go, and the bridge too when it is ours and empty. */
export async function undoHostNetwork(pci: Pci, record: HostNetworkRecord, context: OperationContext): Promise<void> {
  const { host, journal } = context;
  const functions = await portFunctions(context, pci).catch(() => []);
  const pf0 = functions[0];
  const [channel] = pf0 ? await namesIn(host, `${PCI_DEVICES}/${pf0}/virtfn${record.channelVf}/net`) : [];
  if (channel && (await isPort(context, channel))) await ip(context, ['link', 'set', 'dev', channel, 'nomaster']);
  for (const bdf of functions) await setVfs(context, bdf, 0);
  await inTurn(context, async () => {
    if (!journal.data.bridgeIsOurs || (await namesIn(host, `${NET}/${BRIDGE}/brif`)).length > 0) return;
    if (await host.stat(`${NET}/${BRIDGE}`)) await ip(context, ['link', 'del', 'dev', BRIDGE]);
    await journal.update((data) => delete data.bridgeIsOurs);
  });
  await journal.update((data) => delete data.hostNetworks[pci]);
}
