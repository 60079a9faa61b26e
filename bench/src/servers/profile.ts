/** CPU profiles of the controllers that are measured, for whoever looks for a cause: BENCH_PROFILE names the folder. */

/** Settings that make a service write a profile when it ends; none where nobody asked. */
export function profiled(): Record<string, string> {
  const { BENCH_PROFILE: folder } = process.env;
  return folder ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` } : {};
}
