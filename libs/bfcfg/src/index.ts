/** Renders bf.cfg from a DPUFlavor. Pure. */
export { flavorHash } from './flavor-hash.ts';
export { BfCfgError, referenceKey, references } from './input.ts';
export type { BfCfgInput, Join, Reference, Values } from './input.ts';
export { BFCFG_LIMIT, bfcfgBytes, renderBfCfg } from './render.ts';
