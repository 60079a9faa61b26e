/** All tables. */
import { bfb } from './bfb.ts';
import { dpuFlavor } from './dpu-flavor.ts';
import { dpuSet } from './dpu-set.ts';
import { dpuTable } from './dpu.ts';
import type { Table } from './row.ts';

export const TABLES: readonly Table[] = [bfb, dpuFlavor, dpuSet, dpuTable];
