import type { SimClock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Journal } from './journal.ts';

/** What everything simulated stands in. */
export interface World {
  clock: SimClock;
  journal: Journal;
  faults: Faults;
  stateDir: string;
  /** Unix socket of the control channel; tools talk to it. */
  ctlPath: string;
}
