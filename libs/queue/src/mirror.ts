import type { Job } from 'bullmq';

/** Between two updates of a job. */
const PACE_MS = 2_000;

/** Shows the progress of an operation on its job: the latest, not every one, and nothing piles up while Redis is away. */
export class Mirror {
  job: Job;
  private readonly onError: (error: Error) => void;
  private latest: { percent: number; message: string } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private busy = false;

  constructor(job: Job, onError: (error: Error) => void) {
    this.job = job;
    this.onError = onError;
  }

  show(percent: number, message: string): void {
    this.latest = { percent, message };
    if (!this.busy) this.send();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.busy = true;
  }

  private send(): void {
    const shown = this.latest;
    this.latest = undefined;
    this.busy = shown !== undefined;
    if (!shown) return;
    this.job
      .updateProgress(shown)
      .catch(this.onError)
      .finally(() => {
        this.timer = setTimeout(() => this.send(), PACE_MS);
        this.timer.unref();
      });
  }
}
