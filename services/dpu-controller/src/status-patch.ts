/** The difference between two statuses as a merge patch, and what it takes to write it. */
import type { Dpu, DpuStatus } from '@dpf/api';
import type { MergePatch } from '@dpf/kube';
import type { World } from './world.ts';

/** Undefined when nothing differs. Lists are replaced as a whole; what is gone becomes null. */
export function mergePatchOf(before: unknown, after: unknown): MergePatch | undefined {
  const a = (before ?? {}) as Record<string, unknown>;
  const b = (after ?? {}) as Record<string, unknown>;
  const patch: MergePatch = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (b[key] === undefined) {
      if (a[key] !== undefined && a[key] !== null) patch[key] = null;
    } else if (isPlain(a[key]) && isPlain(b[key])) {
      const inner = mergePatchOf(a[key], b[key]);
      if (inner) patch[key] = inner;
    } else if (JSON.stringify(a[key]) !== JSON.stringify(b[key])) patch[key] = b[key];
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

const isPlain = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Compare-and-swap on the version that was decided on; no request when nothing differs. Returns the Dpu as it stands then. */
export async function writeStatus(world: World, dpu: Dpu, status: DpuStatus | undefined, signal?: AbortSignal): Promise<Dpu> {
  const patch = mergePatchOf(dpu.status, status);
  if (!patch) return dpu;
  const { namespace, name, resourceVersion } = dpu.metadata;
  return world.api.dpus.patchStatus({ namespace, name }, { status: patch }, { resourceVersion, signal });
}
