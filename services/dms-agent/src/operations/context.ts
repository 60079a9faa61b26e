/** What operations work with. */
import type { Clock } from '../clock.ts';
import type { Cards } from '../detect/cards.ts';
import type { HostLocation, HostPort } from '../host/port.ts';
import type { Images } from '../image.ts';
import type { Journal } from '../journal/journal.ts';
import type { CardLocks } from '../lock.ts';
import type { Rshim } from '../rshim/rshim.ts';
import type { Tools } from '../tools.ts';

export interface OperationContext {
  host: HostPort;
  location: HostLocation;
  stateDir: string;
  journal: Journal;
  locks: CardLocks;
  rshim: Rshim;
  cards: Cards;
  images: Images;
  tools: Tools;
  clock: Clock;
  timing: Timing;
  /** When this agent started, by its clock. */
  startedAt: number;
  /** Aborted when the agent ends. */
  stopping: AbortSignal;
  /** Told of something that does not end the operation. */
  warn: (message: string, facts: Record<string, unknown>) => void;
  /** Told how a push went: bytes, seconds. */
  onPushed: (bytes: number, seconds: number) => void;
}

export interface Timing {
  logPollMs: number;
  /** How long after `DPU is ready` the first configuration is taken for done, where the marker got lost. */
  readyGraceMs: number;
  /** How long a host may take to go down after a reset was issued. */
  resetLandingMs: number;
  /** How long an Arm system may take to shut down before a reset. */
  armOffMs: number;
  /** How long after the agent's start the host's rshim driver may still be starting too. */
  rshimStartMs: number;
  /** How long network interfaces may take to appear after their functions. */
  netdevMs: number;
}
