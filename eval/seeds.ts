export const MAX_SEEDS = 20;

/**
 * Seeds from a count (`3` is 1, 2, 3), a range (`6-11`) or a list (`4,9`).
 * @throws Error that names what is allowed
 */
export function parseSeeds(text: string): number[] {
  const seeds = seedsOf(text);
  const isRight = seeds.length >= 1 && seeds.length <= MAX_SEEDS && seeds.every((seed) => Number.isSafeInteger(seed));
  if (isRight && new Set(seeds).size === seeds.length) return seeds;
  throw new Error(
    `--seeds ${text}: allowed are a count from 1 to ${MAX_SEEDS}, a range such as 6-11, or a list such as 4,9`,
  );
}

function seedsOf(text: string): number[] {
  const range = /^(\d+)-(\d+)$/.exec(text);
  if (range) return countedFrom(Number(range[1]), Number(range[2]));
  if (/^\d+$/.test(text)) return countedFrom(1, Number(text));
  return /^\d+(,\d+)*$/.test(text) ? text.split(",").map(Number) : [];
}

/** One more than allowed at most, so that too many are noticed and not made. */
function countedFrom(first: number, last: number): number[] {
  const length = Math.min(MAX_SEEDS + 1, Math.max(0, last - first + 1));
  return Array.from({ length }, (_, index) => first + index);
}
