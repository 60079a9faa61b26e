/** What every benchmark is: run on one API server, at a size, with a result. */
import type { ServerProvider } from '../servers/servers.ts';
import type { Result } from '../report/result.ts';

export interface Run {
  servers: ServerProvider;
  /** DPUs, Nodes or objects: what the benchmark's story says. */
  size: number;
  /** Told what is being done, for people who wait. */
  say: (line: string) => void;
}

export interface Benchmark {
  name: string;
  /** One sentence: what is done and measured. */
  story: string;
  /** The size at which the goals are set, and one at which it shows that it runs. */
  size: number;
  tiny: number;
  run(run: Run): Promise<Result>;
}
