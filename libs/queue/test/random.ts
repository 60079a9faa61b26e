/** A seeded generator (mulberry32): a failed run is repeated with the seed that it prints. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The seed of this run: DPF_SEED, or a new one, printed. */
export function seedOf(story: string): number {
  const seed = Number(process.env.DPF_SEED ?? Math.floor(Math.random() * 1e9));
  process.stderr.write(`seed of "${story}": ${seed} (DPF_SEED=${seed} repeats it)\n`);
  return seed;
}
