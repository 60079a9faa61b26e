/** What a DPU was configured with, as one hash. */
import { createHash } from 'node:crypto';
import type { DPUFlavorSpec } from '@dpf/api';
import { referenceKey, references, valueOf, type Values } from './input.ts';

/** SHA-256 (64 hex digits) over the spec, whatever the order of its keys, and the values that it refers to. Throws BfCfgError when one is missing. */
export function flavorHash(flavor: DPUFlavorSpec, values: Values): string {
  const referred = references(flavor).map((reference) => [referenceKey(reference), sha256(valueOf(values, reference))]);
  return sha256(canonical([flavor, referred]));
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
