/** Simulated hosts with BlueField DPUs: hardware for agents, tests and demos. */
export { FAULTS, type Fault, type FaultName } from './faults.ts';
export { journaled, readJournal, type JournalEntry, type WaitOptions } from './journal.ts';
export { generateBfb, GeneratedBfb, type BfbOptions } from './images/generate.ts';
export { serveImages, type ImageFault, type ImageRequest, type ImageServer } from './images/serve.ts';
export { cardSpec, defaultHosts, parseHosts, type CardSpec, type HostSpec } from './spec.ts';
export { startDpuSim, type DpuSim, type DpuSimOptions } from './simulator.ts';
export type { CardView, CtlEvent, CtlRequest, HostView } from './ctl/protocol.ts';
export type { HostAnswer, HostRequest } from './ports/socket.ts';
