/** Faults of the hardware, armed by name, scoped to a host or a card; each firing stands in the journal. */
import type { Journal } from './journal.ts';

/** What each fault does; its parameters in brackets, durations in simulated seconds. */
export const FAULTS = {
  'boot.open.ebusy': 'opening boot fails with EBUSY',
  'boot.open.eperm': 'opening boot fails with EPERM, as in secure NIC mode',
  'boot.open.slow': 'opening boot takes [seconds=30] longer',
  'boot.stall': 'the card stops pulling at byte [at=0] for [seconds=forever]',
  'boot.slow': 'the card pulls [bytesPerSecond=65536]',
  'boot.disconnect': 'the device is lost (ENODEV) at byte [at=1]',
  'boot.lostdata': 'from byte [at=0] on writes succeed and their bytes are lost',
  'bfb.crc': 'the card finds a wrong checksum',
  'bfb.magic': 'the card finds a bad magic number',
  'bfb.wrongGeneration': 'the card refuses the image as made for another generation',
  'reset.noEffect': 'SW_RESET and boot open are accepted, the Arm goes on as before',
  'rshim.absent': 'there is no /dev/rshim<N>',
  'rshim.bmcOwned': 'the BMC owns rshim: drop mode',
  'rshim.ownershipLost': 'the BMC takes rshim at byte [at=1]',
  'rshim.indexSwap': 'at the next host boot the cards exchange their rshim index',
  'misc.eio': 'reading misc fails with EIO',
  'misc.slow': 'reading misc takes 3 s and yields no log (semaphore held)',
  'misc.unknownKey': 'an old driver: CLEAR_ON_READ and FORCE_CMD give EINVAL',
  'log.kept': 'a reset of the card leaves in the log what stood there',
  'log.overflow': 'the log buffer is full when first boot writes its marker',
  'installer.fail': 'the installer gives up: [reason]',
  'installer.nicFwFail': 'the update of the NIC firmware fails, the OS is fine',
  'installer.invalidCfg': 'the installer finds bf.cfg invalid and goes on without it',
  'installer.hang': 'the installer hangs before stage [stage=Installing OS image]',
  'bmc.noAccess': 'the installer cannot reach the BMC (not fatal)',
  'reboot.noReady': 'the installed OS does not come up',
  'psc.error': 'the PSC ROM refuses the firmware',
  panic: 'firmware panics in [stage=BL31]',
  'slr.noSystemOff': 'the Arm ignores the shutdown request',
  'host.rebootLate': 'the host takes [seconds=900] longer to boot',
  'host.rebootNeverReturns': 'the host stays off until it is powered on',
  'ipmitool.fail': 'ipmitool fails',
  'mlxfwreset.fail': 'mlxfwreset fails, nothing is reset',
  'mlxconfig.fail': 'mlxconfig fails [cause=semaphore|unsupported|failed]',
  'mlxconfig.noChangeAfterReset': 'a reset leaves the current NVCONFIG values as they were',
  'vf.enoent': 'writing sriov_numvfs gives ENOENT',
  'vf.ebusy': 'writing sriov_numvfs gives EBUSY',
  'vf.partial': 'only half of the VFs appear',
  'vf.netdevLate': 'VF network devices appear [seconds=30] after the VFs',
  'pf.netdevMissing': 'PF0 has no network device',
  'bridge.absent': 'br-dpu cannot be created',
  'vpd.unreadable': 'reading vpd fails with EIO',
} as const satisfies Record<string, string>;

export type FaultName = keyof typeof FAULTS;
export type FaultParams = Record<string, string | number>;

export interface Fault {
  name: FaultName;
  /** Absent: any host, any card. `pci` as 0000:4b:00. */
  host?: string;
  pci?: string;
  /** Stays after it fired. Faults that are states (rshim.absent, rshim.bmcOwned, pf.netdevMissing) always stay until they are cleared. */
  persistent?: boolean;
  params?: FaultParams;
}

export class Faults {
  readonly #journal: Journal;
  #armed: (Fault & { fired?: Set<string> })[] = [];
  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** @throws Error when there is no such fault */
  arm(fault: Fault): void {
    if (!Object.hasOwn(FAULTS, fault.name))
      throw new Error(`no fault is called ${fault.name}; there are: ${Object.keys(FAULTS).join(', ')}`);
    this.#armed.push({ ...fault });
    this.#journal.write({ event: 'fault-armed', fault: fault.name, ...scopeOf(fault) });
  }

  /** Removes all armed faults of that name and scope (absent: all). */
  clear(scope: { name?: string; host?: string; pci?: string } = {}): void {
    const [gone, kept] = [[], []] as [Fault[], Fault[]];
    for (const fault of this.#armed) {
      const named = scope.name === undefined || scope.name === fault.name;
      const scoped = (scope.host === undefined || scope.host === fault.host) && (scope.pci === undefined || scope.pci === fault.pci);
      (named && scoped ? gone : kept).push(fault);
    }
    this.#armed = kept;
    for (const fault of gone) this.#journal.write({ event: 'fault-cleared', fault: fault.name, ...scopeOf(fault) });
  }

  /** The parameters of a fault that applies now, which is journaled (a persistent one once per card) and, if one-shot, spent. */
  fire(name: FaultName, host: string, pci?: string): FaultParams | undefined {
    const fault = this.#find(name, host, pci);
    if (!fault) return undefined;
    if (!fault.persistent) this.#armed = this.#armed.filter((other) => other !== fault);
    this.#fired(fault, host, pci);
    return fault.params ?? {};
  }

  /** Whether a state holds, which is journaled once per card; it stays until it is cleared. */
  holds(name: FaultName, host: string, pci?: string): boolean {
    const fault = this.#find(name, host, pci);
    if (fault) this.#fired(fault, host, pci);
    return fault !== undefined;
  }

  /** As {@link fire}, but the fault is only looked at. */
  peek(name: FaultName, host: string, pci?: string): FaultParams | undefined {
    const fault = this.#find(name, host, pci);
    return fault && (fault.params ?? {});
  }

  list(): Fault[] {
    return this.#armed.map(({ name, host, pci, persistent, params }) => ({
      name,
      ...scopeOf({ host, pci }),
      ...(persistent && { persistent }),
      ...(params && { params }),
    }));
  }

  #fired(fault: Fault & { fired?: Set<string> }, host: string, pci?: string): void {
    const where = `${host} ${pci ?? ''}`;
    fault.fired ??= new Set();
    if (!fault.fired.has(where)) this.#journal.write({ event: 'fault-fired', fault: fault.name, host, ...(pci && { pci }) });
    fault.fired.add(where);
  }

  #find(name: FaultName, host: string, pci?: string) {
    return this.#armed.find((f) => f.name === name && (f.host ?? host) === host && (f.pci === undefined || f.pci === pci));
  }
}

const scopeOf = ({ host, pci }: { host?: string | undefined; pci?: string | undefined }) => ({
  ...(host && { host }),
  ...(pci && { pci }),
});
