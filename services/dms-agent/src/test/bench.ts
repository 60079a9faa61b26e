/** The parts of an agent put together in this process, for what needs no Redis and no dpu-controller. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../clock.ts';
import { Cards } from '../detect/cards.ts';
import { bootOf } from '../host/boot.ts';
import { openHost } from '../host/open.ts';
import { Images } from '../image.ts';
import { Journal } from '../journal/journal.ts';
import { createLocks } from '../lock.ts';
import type { OperationContext, Timing } from '../operations/context.ts';
import { AgentStopping } from '../operations/failure.ts';
import { Rshim } from '../rshim/rshim.ts';
import { createTools } from '../tools.ts';
import { newFolder } from './folders.ts';

export interface Bench extends OperationContext {
  volume: string;
  warnings: string[];
  /** As SIGTERM. */
  stop(): void;
  /** The same host with the same state folder, seen by a new agent. */
  restart(): Promise<Bench>;
  close(): Promise<void>;
}

const TIMING: Timing = { logPollMs: 10, readyGraceMs: 300, resetLandingMs: 3_000, armOffMs: 2_000, rshimStartMs: 0, netdevMs: 20_000 };

/** @param host as the simulator shows it */
export async function bench(host: { socket: string; toolPath: string }, timing: Partial<Timing> = {}, folder?: string): Promise<Bench> {
  const base = folder ?? newFolder('dms-bench-');
  const stateDir = join(base, 'state');
  const volume = join(base, 'bfb');
  mkdirSync(volume, { recursive: true });
  const location = { socket: host.socket };
  const port = openHost(location);
  const journal = await Journal.open(stateDir, await bootOf(port, Date.now()));
  const tools = createTools(host.toolPath);
  const rshim = new Rshim(port);
  const cards = new Cards({ host: port, rshim, tools, journal });
  await cards.refresh();
  const stopping = new AbortController();
  const warnings: string[] = [];
  return {
    host: port,
    location,
    stateDir,
    volume,
    journal,
    tools,
    rshim,
    cards,
    locks: createLocks(stateDir),
    images: new Images(volume, journal),
    clock: systemClock,
    timing: { ...TIMING, ...timing },
    startedAt: systemClock.now(),
    stopping: stopping.signal,
    warn: (message) => void warnings.push(message),
    warnings,
    onPushed: () => undefined,
    stop: () => stopping.abort(new AgentStopping('the agent is being stopped')),
    restart: () => bench(host, timing, base),
    close: async () => {
      stopping.abort(new AgentStopping('the agent is being stopped'));
      await port.close();
    },
  };
}

/** Puts an image on the volume. */
export const publish = (at: Bench, image: { sha256: string; bytes(): Buffer }): void =>
  writeFileSync(join(at.volume, `${image.sha256}.bfb`), image.bytes());
