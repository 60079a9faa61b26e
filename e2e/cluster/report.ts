/** What was done and how long it took: a line when it is over, a table at the end. */
export class Report {
  readonly #began = performance.now();
  readonly #steps: { step: string; seconds: number; failed?: string }[] = [];

  say(text: string): void {
    process.stdout.write(`${((performance.now() - this.#began) / 1000).toFixed(1).padStart(6)}s  ${text}\n`);
  }

  /** Does a step, and notes its seconds. @throws what the step throws */
  async step<T>(step: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    try {
      const result = await work();
      this.#steps.push({ step, seconds: seconds() });
      this.say(`${step} (${seconds().toFixed(1)} s)`);
      return result;
    } catch (error) {
      this.#steps.push({ step, seconds: seconds(), failed: (error as Error).message });
      this.say(`FAILED: ${step}: ${(error as Error).message}`);
      throw error;
    }
  }

  /** Prints the table; the last line counts. */
  end(): void {
    for (const { step, seconds, failed } of this.#steps)
      process.stdout.write(`${seconds.toFixed(1).padStart(7)} s  ${failed === undefined ? 'ok    ' : 'FAILED'}  ${step}\n`);
    const failed = this.#steps.filter((step) => step.failed !== undefined).length;
    process.stdout.write(`e2e: ${this.#steps.length - failed} passed, ${failed} failed\n`);
  }
}
