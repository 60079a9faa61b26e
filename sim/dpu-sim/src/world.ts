import type { SimClock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Heartbeats } from './kubelet/heartbeats.ts';

/** What everything simulated stands in. */
export interface World {
  clock: SimClock;
  journal: Journal;
  faults: Faults;
  heartbeats: Heartbeats;
  stateDir: string;
  /** Unix socket of the control channel; tools talk to it. */
  ctlPath: string;
  /** The hosts boot when the machine does that runs the simulator: the boot id that it has now. Absent: they boot by themselves. */
  machineBootId?: string;
}
