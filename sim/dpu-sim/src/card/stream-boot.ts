/** Boot from rshim: ROM, BL2, BL31, UEFI and kernel pull from the boot FIFO; the installer takes what remains as bf.cfg. */
import { createHash } from 'node:crypto';
import { BfbError, BfbReader, IMAGE_IDS, type BfbSummary, type Image } from '@dpf/bfb';
import { untilAborted } from '../clock.ts';
import { CFG_GAP_REAL_MS, CFG_GAP_SECONDS, PROFILE } from '../profile.ts';
import type { BootingCard } from './boot.ts';
import { bl2Lines, bl31Lines, ddrLines, exitBootLine, panics, uefiLines } from './firmware.ts';
import { runInstaller } from './installer.ts';

const PULL_BYTES = 128 * 1024;
/** Shortest real pause in ms: shorter ones are saved up. */
const PAUSE_REAL_MS = 5;

/** What was pulled out of the stream: the image (already checked) and the first bytes behind it. */
interface Pulled {
  summary: BfbSummary;
  sha256: string;
  rest: Buffer;
}

/** Never ends by itself but by a reset (the installer's own reboot is one). */
export async function bootFromStream(card: BootingCard, signal: AbortSignal): Promise<void> {
  card.arm.stage = 'rom';
  const pulled = await pullImages(card, signal);
  if (!pulled) return untilAborted(signal);
  card.arm.stage = 'initramfs';
  exitBootLine(card);
  await card.world.clock.sleep(PROFILE.initramfs * 1000, signal);
  const cfg = await pullRest(card, pulled.rest, signal);
  card.journal({
    event: 'stream-complete',
    bfbSha256: pulled.sha256,
    bfbBytes: pulled.summary.bytes,
    cfgBytes: cfg.length,
    ...(cfg.length > 0 && { cfgSha256: createHash('sha256').update(cfg).digest('hex') }),
  });
  card.arm.stage = 'installer';
  await runInstaller(card, { sha256: pulled.sha256, versions: pulled.summary.versions, cfg }, signal);
}

/** Reads to the end of the last image, going through the boot stages; undefined: the card stopped pulling. */
async function pullImages(card: BootingCard, signal: AbortSignal): Promise<Pulled | undefined> {
  const arrived: Image[] = [];
  const seen: Image[] = [];
  const reader = new BfbReader((image) => arrived.push(image));
  const hash = createHash('sha256');
  let pace: Pace | undefined;
  let offset = 0;
  for (;;) {
    const chunk = (await card.fifo.take(PULL_BYTES, signal)) as Buffer;
    pace ??= new Pace(card);
    await stallAt(card, offset, chunk.length, signal);
    try {
      const fault = (['bfb.magic', 'bfb.crc', 'bfb.wrongGeneration'] as const).find((name) => card.fire(name));
      if (fault) throw new BfbError(`fault ${fault}`, offset);
      reader.push(chunk);
    } catch (error) {
      return refuse(card, 'BL2', 'image load failed', (error as Error).message);
    }
    offset += chunk.length;
    for (const image of arrived.splice(0)) {
      seen.push(image);
      if (!(await consumed(card, image, seen, signal))) return undefined;
    }
    if (reader.imagesComplete) {
      const summary = reader.end();
      const rest = chunk.subarray(chunk.length - (offset - summary.bytes));
      hash.update(chunk.subarray(0, chunk.length - rest.length));
      if (!seen.some((image) => image.id === IMAGE_IDS.initramfs))
        return refuse(card, 'BL2', 'no OS image', 'the image holds no initramfs');
      return { summary, sha256: hash.digest('hex'), rest };
    }
    hash.update(chunk);
    await pace.after(chunk.length, signal);
  }
}

/** A boot stage got its image. False: the card is dead until its next reset. */
async function consumed(card: BootingCard, image: Image, seen: Image[], signal: AbortSignal): Promise<boolean> {
  const { clock } = card.world;
  if (image.id === IMAGE_IDS.bl2) {
    card.arm.stage = 'bl2';
    return true;
  }
  if (image.id === IMAGE_IDS.bl31) {
    if (card.fire('psc.error')) return refuse(card, 'BL1', 'PSC error -60', 'the PSC ROM refused the firmware') ?? false;
    if (!fits(card, seen, IMAGE_IDS.bl2)) return refuse(card, 'BL2', 'no image for this chip', 'made for another generation') ?? false;
    bl2Lines(card, 'rshim');
    if (panics(card, 'BL2')) return false;
    await clock.sleep(PROFILE.ddr * 1000, signal);
    ddrLines(card);
    card.arm.stage = 'bl31';
    bl31Lines(card);
    return !panics(card, 'BL31');
  }
  if (image.id === IMAGE_IDS.bl33) {
    card.arm.stage = 'uefi';
    if (panics(card, 'UEFI')) return false;
    await clock.sleep((PROFILE.uefi + PROFILE.uefiPause) * 1000, signal);
    uefiLines(card);
  }
  return true;
}

/** A chip boots an image that is common or made for it. */
function fits(card: BootingCard, seen: readonly Image[], id: number): boolean {
  const own = { 'BlueField-1': 0, 'BlueField-2': 1, 'BlueField-3': 2, Unknown: 0 }[card.spec.generation];
  return seen.some((image) => image.id === id && (image.version === 0 || image.version === own));
}

function refuse(card: BootingCard, module: 'BL1' | 'BL2', line: string, why: string): undefined {
  card.arm.stage = 'halted';
  card.log.append(module, 'ERR', line);
  card.journal({ event: 'stream-refused', why });
  return undefined;
}

/** What follows the images, until nothing came for {@link CFG_GAP_SECONDS}; NUL bytes removed as the installer does. */
async function pullRest(card: BootingCard, first: Buffer, signal: AbortSignal): Promise<Buffer> {
  const parts = [first];
  const gap = Math.max(CFG_GAP_REAL_MS, card.world.clock.toReal(CFG_GAP_SECONDS * 1000));
  for (;;) {
    const part = await card.fifo.take(PULL_BYTES, signal, gap);
    if (!part) break;
    parts.push(part);
  }
  return Buffer.concat(parts).filter((byte) => byte !== 0) as Buffer;
}

async function stallAt(card: BootingCard, offset: number, length: number, signal: AbortSignal): Promise<void> {
  const stall = card.peek('boot.stall');
  if (!stall || offset + length < Number(stall.at ?? 0)) return;
  card.fire('boot.stall');
  if (stall.seconds === undefined) return untilAborted(signal);
  await card.world.clock.sleep(Number(stall.seconds) * 1000, signal);
}

/** Holds the stream to the card's pace. */
class Pace {
  readonly #card: BootingCard;
  readonly #bytesPerSecond: number;
  #owedMs = 0;

  constructor(card: BootingCard) {
    this.#card = card;
    const slow = card.fire('boot.slow');
    this.#bytesPerSecond = slow ? Number(slow.bytesPerSecond ?? 65536) : PROFILE.streamBytesPerSecond;
  }

  async after(bytes: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#card.world;
    this.#owedMs += (bytes / this.#bytesPerSecond) * 1000;
    if (clock.toReal(this.#owedMs) < PAUSE_REAL_MS) return;
    const owed = this.#owedMs;
    this.#owedMs = 0;
    await clock.sleep(owed, signal);
  }
}
