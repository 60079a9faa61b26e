/** How long simulated hardware takes: drawn from a seed, so that every run and every server has the same. */
import type { Durations } from './agent.ts';

export interface HardwareOptions {
  /** Milliseconds that stand for the 15 minutes of a real install. */
  median: number;
  /** Of the logarithm of an install's time. */
  sigma: number;
  /** Every n-th host's first install is cut off half-way and begun anew at once. */
  failEvery: number;
  /** Of the host's reboot, milliseconds. */
  reboot: number;
}

/** Times of `hosts` hosts: installs lognormal. */
export function drawHardware(hosts: number, { median, sigma, failEvery, reboot }: HardwareOptions): Durations[] {
  const random = mulberry(20_260_301);
  return Array.from({ length: hosts }, (_, i) => {
    const draw = () => Math.round(median * Math.exp(sigma * normal(random)));
    const whole = draw();
    return { installs: i % failEvery === failEvery - 1 ? [Math.round(whole / 2), draw()] : [whole], reboot };
  });
}

/** Box and Muller. */
const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** A small generator of numbers from 0 to below 1 (mulberry32). */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
