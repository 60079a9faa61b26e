/** What a flavor refers to, read live, and bf.cfg made of it. Values are secret: they go into bf.cfg and into hashes only. */
import type { Dpu, DPUFlavorSpec } from '@dpf/api';
import { BFCFG_LIMIT, BfCfgError, bfcfgBytes, flavorHash, referenceKey, references, renderBfCfg, type Values } from '@dpf/bfcfg';
import { isForbidden } from '@dpf/kube';
import type { BfcfgFacts } from './lifecycle/observed.ts';
import { attemptOf } from './lifecycle/facts.ts';
import type { Join } from './ports.ts';
import type { World } from './world.ts';

/** Reads every referred key that exists and may be read; each object once. No request for a flavor that refers to nothing. */
export async function readValues(world: World, namespace: string, flavor: DPUFlavorSpec, signal?: AbortSignal): Promise<Values> {
  const values = new Map<string, Uint8Array>();
  const objects = new Map<string, Promise<Record<string, Uint8Array>>>();
  for (const reference of references(flavor)) {
    const { kind, name, key } = reference;
    const id = `${kind}/${name}`;
    if (!objects.has(id))
      objects.set(id, kind === 'Secret' ? secretData(world, namespace, name, signal) : configData(world, namespace, name, signal));
    const value = (await objects.get(id))?.[key];
    if (value) values.set(referenceKey(reference), value);
  }
  return values;
}

async function secretData({ api }: World, namespace: string, name: string, signal?: AbortSignal): Promise<Record<string, Uint8Array>> {
  const secret = await api.secrets.get({ namespace, name }, { signal }).catch(nothingIfForbidden);
  return mapValues(secret?.data, (text) => Buffer.from(text, 'base64'));
}

async function configData({ api }: World, namespace: string, name: string, signal?: AbortSignal): Promise<Record<string, Uint8Array>> {
  const map = await api.configMaps.get({ namespace, name }, { signal }).catch(nothingIfForbidden);
  return { ...mapValues(map?.data, (text) => Buffer.from(text)), ...mapValues(map?.binaryData, (text) => Buffer.from(text, 'base64')) };
}

/** The reason FlavorInputMissing names both: what is not there, and what the chart value references does not grant. */
function nothingIfForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}

const mapValues = (data: Record<string, string> | undefined, decode: (text: string) => Uint8Array): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, text]) => [key, decode(text)]));

/** Of flavors that refer to nothing: their hash hangs on nothing else, and what a store holds is not changed. */
const hashes = new WeakMap<DPUFlavorSpec, string>();

/** The hash of flavor and values; undefined while one of the values is missing. */
export function hashOf(flavor: DPUFlavorSpec, values: Values): string | undefined {
  const hash = hashes.get(flavor) ?? hashWith(flavor, values);
  if (hash !== undefined && values.size === 0) hashes.set(flavor, hash);
  return hash;
}

const hashWith = (flavor: DPUFlavorSpec, values: Values): string | undefined =>
  renderable(
    () => flavorHash(flavor, values),
    () => undefined,
  );

/** bf.cfg for this Dpu and attempt. @throws BfCfgError when the flavor cannot be rendered */
export function bfcfgFor(dpu: Dpu, attempt: number, flavor: DPUFlavorSpec, values: Values, join: Join | undefined): string {
  const { name, uid } = dpu.metadata;
  return renderBfCfg({ flavor, values, uid: uid ?? '', attempt, dpuName: name, hostname: name, join });
}

/** The size that bf.cfg will have, before there is a token to join with: a stand-in of the same length takes its place. */
export function previewBfcfg(dpu: Dpu, flavor: DPUFlavorSpec, values: Values, now: number): BfcfgFacts {
  const join = dpu.spec.cluster && { endpoint: LONGEST_ENDPOINT, token: `${'0'.repeat(6)}.${'0'.repeat(16)}`, caCertHash: '0'.repeat(64) };
  const attempt = attemptOf({ dpu, now }).number;
  return renderable<BfcfgFacts>(
    () => {
      const bytes = bfcfgBytes(bfcfgFor(dpu, attempt, flavor, values, join));
      if (bytes <= BFCFG_LIMIT) return { bytes };
      const message = `bf.cfg to fit: it has ${bytes} bytes, a card reads ${BFCFG_LIMIT}; DPUFlavor ${dpu.spec.dpuFlavor} is too large`;
      return { reason: 'ConfigTooLarge', message };
    },
    ({ reason, message }) => ({ reason, message: `DPUFlavor ${dpu.metadata.namespace}/${dpu.spec.dpuFlavor} to be usable: ${message}` }),
  );
}

const LONGEST_ENDPOINT = `${'0'.repeat(63)}:65535`;

function renderable<T>(make: () => T, otherwise: (error: BfCfgError) => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof BfCfgError) return otherwise(error);
    throw error;
  }
}
