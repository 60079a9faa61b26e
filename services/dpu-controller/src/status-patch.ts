/** The difference between two statuses as a merge patch, and what it takes to write it. */
import type { Dpu, DpuStatus } from '@dpf/api';
import type { MergePatch } from '@dpf/kube';
import type { World } from './world.ts';

/** Undefined when nothing differs. Lists are replaced as a whole; what is gone becomes null. What the two have in common is not looked into. */
export function mergePatchOf(before: unknown, after: unknown): MergePatch | undefined {
  if (before === after) return undefined;
  const a = (before ?? {}) as Record<string, unknown>;
  const b = (after ?? {}) as Record<string, unknown>;
  const patch: MergePatch = {};
  for (const key of Object.keys(a)) if (b[key] === undefined && a[key] !== undefined && a[key] !== null) patch[key] = null;
  for (const [key, value] of Object.entries(b)) {
    if (value === undefined || value === a[key]) continue;
    if (isPlain(a[key]) && isPlain(value)) {
      const inner = mergePatchOf(a[key], value);
      if (inner) patch[key] = inner;
    } else if (!isSame(a[key], value)) patch[key] = value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

const isPlain = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const isSame = (a: unknown, b: unknown): boolean =>
  Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((one, i) => one === b[i] || JSON.stringify(one) === JSON.stringify(b[i]))
    : JSON.stringify(a) === JSON.stringify(b);

/** Compare-and-swap on the version that was decided on; no request when nothing differs. Returns the Dpu as it stands then. */
export async function writeStatus(world: World, dpu: Dpu, status: DpuStatus | undefined, signal?: AbortSignal): Promise<Dpu> {
  const patch = mergePatchOf(dpu.status, status);
  if (!patch) return dpu;
  const { namespace, name, resourceVersion } = dpu.metadata;
  return world.api.dpus.patchStatus({ namespace, name }, { status: patch }, { resourceVersion, signal });
}
