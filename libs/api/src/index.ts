/** The vocabulary of the system: kinds, names, reasons, and the protocols between services. Imports nothing. */
export * from './agent-protocol.ts';
export * from './kinds.ts';
export * from './node-records.ts';
export * from './objects.ts';
export * from './reasons.ts';
export * from './vocabulary.ts';
export * from './wake-ups.ts';
