/** Every benchmark, in the order in which `npm run bench` runs them. */
import { api } from './api.ts';
import type { Benchmark } from './benchmark.ts';
import { cost } from './cost.ts';
import { create } from './create.ts';
import { instant } from './instant.ts';
import { memory } from './memory.ts';
import { provision } from './provision.ts';
import { resync } from './resync.ts';

export const BENCHMARKS: readonly Benchmark[] = [api, cost, create, instant, provision, resync, memory];
