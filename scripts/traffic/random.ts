/** A source of numbers in [0, 1), like Math.random. */
export type Random = () => number;

/**
 * The generator mulberry32: the same seed gives the same run on every machine.
 * Good enough to choose users; never use it for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The wait until the next event of a Poisson process, in the unit of `1 / rate`. */
export function exponential(random: Random, rate: number): number {
  return -Math.log(1 - random()) / rate;
}
