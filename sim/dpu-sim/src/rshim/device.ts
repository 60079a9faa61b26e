/** The host's rshim driver of one card: boot stream and misc commands. */
import type { Arm } from '../card/arm.ts';
import type { Board } from '../card/board.ts';
import { Errno } from '../errno.ts';
import { PROFILE } from '../profile.ts';
import type { Handle } from '../tree.ts';
import { parseMiscCommand, renderMisc } from './misc.ts';

/** The driver resets the Arm, and shows whether it is up. */
type DeviceCard = Board & { readonly arm: Arm };

export class RshimDevice {
  displayLevel = 0;
  bootMode = 1;
  bootTimeout = 300;
  usbTimeout = 40;
  dropMode = 0;
  clearOnRead = 0;
  bootResetSkip = 0;
  pxeId = 0;
  vlanId = '0 0';
  peerMac = '00:1a:ca:ff:ff:01';
  opn: string;
  readonly #card: DeviceCard;
  #stream: BootStream | undefined;

  constructor(card: DeviceCard) {
    this.#card = card;
    this.opn = card.spec.partNumber.replaceAll('-', '').slice(0, 16);
  }

  get bootIsOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** Registers read as zero and nothing can be pushed. */
  get dropped(): boolean {
    return this.dropMode === 1 || this.#card.holds('rshim.bmcOwned');
  }

  /** open(2) of the boot file: resets the Arm and returns once the reset delay is over. One opener at a time. */
  async openBoot(): Promise<Handle> {
    const refused = this.#refusal();
    if (refused) {
      this.#card.journal({ event: 'boot-open-refused', errno: refused.code });
      throw refused;
    }
    const stream = new BootStream(this.#card, this, () => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.bootMode = 1;
    });
    this.#stream = stream;
    this.#card.journal({ event: 'boot-open' });
    this.bootMode = 0;
    if (!this.bootResetSkip) this.#card.arm.reset('boot-open');
    const slow = this.#card.fire('boot.open.slow');
    await this.#card.world.clock.sleep((this.#resetDelay() + (slow ? Number(slow.seconds ?? 30) : 0)) * 1000);
    return stream;
  }

  /** The device left the bus or the host went down: the open stream fails with ENODEV. */
  lose(): void {
    this.#stream?.lose();
    this.#stream = undefined;
    this.bootMode = 1;
  }

  /** One read of misc. */
  async readMisc(): Promise<string> {
    const card = this.#card;
    if (card.fire('misc.eio')) throw new Errno('EIO', 'misc cannot be read');
    const slow = card.fire('misc.slow');
    if (slow) await card.world.clock.sleep(3000);
    if (this.displayLevel === 1) await card.world.clock.sleep(card.arm.osIsUp ? 50 : 1000);
    return renderMisc({
      ...this,
      generation: card.spec.generation,
      dropMode: this.dropped ? 1 : 0,
      devName: `pcie-${card.pci}.2`,
      upTime: this.dropped ? 0 : card.arm.upTime(),
      secureNicMode: card.peek('boot.open.eperm') ? 1 : 0,
      peerMac: card.arm.osIsUp ? this.peerMac : '00:00:00:00:00:00',
      log: slow || this.dropped || this.displayLevel !== 2 ? '' : card.log.read(this.clearOnRead === 1),
    });
  }

  /** One write to misc: a command. @throws Errno EINVAL for what the driver does not know */
  async writeMisc(text: string): Promise<void> {
    const command = parseMiscCommand(text);
    if (!command || text.length > 4095) throw new Errno('EINVAL', 'no KEY VALUE command');
    await this.#command(command.key, command.value);
  }

  async #command(key: string, value: string): Promise<void> {
    const card = this.#card;
    switch (key) {
      case 'DISPLAY_LEVEL':
        this.displayLevel = decimal(value, 0, 2);
        return;
      case 'BOOT_TIMEOUT':
        this.bootTimeout = decimal(value, 1, 2 ** 31);
        return;
      case 'USB_TIMEOUT':
        this.usbTimeout = decimal(value, 0, 300) || 40;
        return;
      case 'DROP_MODE': {
        const drop = decimal(value, 0, 1);
        if (drop === 0 && card.holds('rshim.bmcOwned')) {
          await card.world.clock.sleep(1000);
          throw new Errno('EACCES', 'another backend owns the device');
        }
        this.dropMode = drop;
        return;
      }
      case 'CLEAR_ON_READ':
        if (card.fire('misc.unknownKey')) throw new Errno('EINVAL', 'unknown key CLEAR_ON_READ');
        this.clearOnRead = decimal(value, 0, 1);
        return;
      case 'BOOT_MODE':
        this.bootMode = hexadecimal(value) & 3;
        return;
      case 'SW_RESET':
        if (hexadecimal(value) === 0 || this.dropped) return;
        card.arm.reset('SW_RESET');
        await card.world.clock.sleep(this.#resetDelay() * 1000);
        return;
      case 'BOOT_RESET_SKIP':
        this.bootResetSkip = decimal(value, 0, 1);
        return;
      case 'PEER_MAC':
        if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value)) throw new Errno('EINVAL', 'no MAC address');
        this.peerMac = value.toLowerCase();
        return;
      case 'PXE_ID':
        this.pxeId = hexadecimal(value);
        return;
      case 'VLAN_ID':
        if (!/^\d+ \d+$/.test(value)) throw new Errno('EINVAL', 'no pair of VLAN ids');
        this.vlanId = value;
        return;
      case 'OPN_STR':
        this.opn = value.slice(0, 16);
        return;
      case 'DEBUG_CODE':
        hexadecimal(value);
        return;
      case 'FORCE_CMD':
        if (!this.dropped || card.fire('misc.unknownKey')) throw new Errno('EINVAL', 'FORCE_CMD is for drop mode');
        if (!card.holds('rshim.bmcOwned')) this.dropMode = 0;
        return;
      case 'DEV_NAME':
        return;
      default:
        throw new Errno('EINVAL', `unknown key ${key}`);
    }
  }

  #refusal(): Errno | undefined {
    const card = this.#card;
    if (this.dropped) return new Errno('EINVAL', 'rshim is in drop mode');
    if (card.fire('boot.open.eperm')) return new Errno('EPERM', 'secure NIC mode');
    if (this.#stream || card.fire('boot.open.ebusy')) return new Errno('EBUSY', 'boot is open already');
    return undefined;
  }

  #resetDelay(): number {
    return this.#card.spec.generation === 'BlueField-3' ? PROFILE.openBF3 : PROFILE.openOlder;
  }
}

/** An open boot file: 8-byte words go into the FIFO; a tail of 1..7 bytes waits in the driver for more, or for close. */
class BootStream implements Handle {
  readonly #card: Board;
  readonly #device: RshimDevice;
  readonly #onClose: () => void;
  #tail = Buffer.alloc(0);
  #bytes = 0;
  #lost = false;
  #losing = false;

  constructor(card: Board, device: RshimDevice, onClose: () => void) {
    this.#card = card;
    this.#device = device;
    this.#onClose = onClose;
  }

  async write(data: Buffer, signal: AbortSignal): Promise<number> {
    if (this.#bytes === 0 && data.length > 0 && !this.#lost) this.#card.journal({ event: 'first-byte' });
    this.#checkFaults(data.length);
    if (this.#lost) throw new Errno('ENODEV', 'the device is lost');
    if (this.#device.dropped || this.#loses(data.length)) return this.#count(data.length);
    const all = Buffer.concat([this.#tail, data]);
    const words = all.subarray(0, all.length - (all.length % 8));
    const before = this.#tail.length;
    const interrupt = this.#card.spec.oldDriver ? new AbortController().signal : signal;
    const taken = await this.#card.fifo.write(Buffer.from(words), this.#device.bootTimeout, interrupt);
    const whole = taken === words.length;
    this.#tail = whole ? Buffer.from(all.subarray(words.length)) : Buffer.alloc(0);
    return this.#count(whole ? data.length : Math.max(0, taken - (taken % 8) - before));
  }

  close(): void {
    if (this.#lost) return;
    this.#onClose();
    this.#card.journal({ event: 'boot-close', bytes: this.#bytes });
    if (this.#tail.length === 0) return;
    const padded = Buffer.concat([this.#tail, Buffer.alloc(8 - this.#tail.length)]);
    this.#card.fifo.write(padded, this.#device.bootTimeout, new AbortController().signal).catch(() => undefined);
  }

  lose(): void {
    this.#lost = true;
    this.#card.fifo.fail(new Errno('ENODEV', 'the device is lost'));
  }

  #count(bytes: number): number {
    this.#bytes += bytes;
    return bytes;
  }

  #checkFaults(length: number): void {
    const card = this.#card;
    const reaches = (at: string | number | undefined) => this.#bytes + length >= Number(at ?? 1);
    const disconnect = card.peek('boot.disconnect');
    if (disconnect && reaches(disconnect.at)) {
      card.fire('boot.disconnect');
      this.#onClose();
      this.lose();
    }
    const taken = card.peek('rshim.ownershipLost');
    if (taken && reaches(taken.at)) {
      card.fire('rshim.ownershipLost');
      this.#device.dropMode = 1;
    }
  }

  #loses(length: number): boolean {
    const at = this.#card.peek('boot.lostdata')?.at ?? 0;
    if (!this.#losing && this.#bytes + length >= Number(at)) this.#losing = this.#card.fire('boot.lostdata') !== undefined;
    return this.#losing;
  }
}

function decimal(text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) throw new Errno('EINVAL', `${text} is not a number from ${least} to ${most}`);
  return value;
}

function hexadecimal(text: string): number {
  if (!/^(0x)?[0-9a-f]{1,16}$/i.test(text)) throw new Errno('EINVAL', `${text} is not hexadecimal`);
  return Number(`0x${text.replace(/^0x/i, '')}`);
}
