/** The plain values between observe, decide, act and status. */
import type { Bfb, BfbPhase, BfbStatus, Reason } from '@dpf/api';

/** What a download came to. */
export type DownloadResult =
  | { kind: 'published'; sha256: string; size: number; versions: NonNullable<BfbStatus['versions']>; warnings: string[] }
  | { kind: 'failed'; reason: Reason; message: string };

export interface Observed {
  /** Milliseconds since the epoch. */
  now: number;
  bfb: Bfb;
  /** Size in bytes of the image that the status names, if it is on the volume. */
  publishedSize?: number;
  /** Dpus and DpuSets that refer to this Bfb, e.g. `DpuSet dpuset-demo`. Read only while it is being deleted. */
  references: string[];
  /** The end of a download of this very generation. */
  download?: DownloadResult;
  /** 0..1, for the spread of retries. */
  chance: number;
}

export type Effect = { do: 'addFinalizer' } | { do: 'download' } | { do: 'removeImage'; sha256?: string } | { do: 'removeFinalizer' };

/** Every outcome names the phase in which the object is afterwards; `stay` keeps what the status says beside it. */
export interface Outcome {
  phase: BfbPhase;
  reason: Reason;
  message: string;
  effects: Effect[];
  /** Look again after so many milliseconds at the latest. */
  recheckMs?: number;
  published?: Extract<DownloadResult, { kind: 'published' }>;
  failure?: { reason: Reason; message: string; retryAt: number };
  /** The spec changed: what the status says about earlier attempts is void. */
  startOver?: boolean;
}
