/**
 * Scratch memory of one callback: what the host hands in, what is composed for the host, what is decoded.
 *
 * A bump allocator over the rest of the initial memory. Each callback ends with `releaseArena`, which wipes every byte
 * that was used (tokens and bodies pass through here) and rewinds. It never grows: a request too large for it is
 * refused, so no peer can make memory grow by the size of what it sends.
 */

const PAGE_BYTES: usize = 65536;

let base: usize = alignUp(__heap_base);
let limit: usize = <usize>memory.size() * PAGE_BYTES;
let top: usize = base;
let highest: usize = base;
let overflowed: bool = false;

function alignUp(address: usize): usize {
  return (address + 7) & ~7;
}

/** Address of `size` fresh bytes, 8-aligned, or 0 if the arena is full (which `arenaOverflowed` then remembers). */
export function reserve(size: usize): usize {
  const start = alignUp(top);
  if (start > limit || size > limit - start) {
    overflowed = true;
    return 0;
  }
  top = start + size;
  return start;
}

/** Appends room for `size` bytes directly behind the last ones, or returns 0. For text written piece by piece. */
export function extend(size: usize): usize {
  if (size > limit - top) {
    overflowed = true;
    return 0;
  }
  const start = top;
  top += size;
  return start;
}

/** Where the next `extend` will write. */
export function arenaMark(): usize {
  return top;
}

/** Gives back everything behind `mark`. */
export function rewindArena(mark: usize): void {
  if (top > highest) highest = top;
  top = mark;
}

/** True once anything did not fit since the last release: what was composed is incomplete and must not be sent. */
export function arenaOverflowed(): bool {
  return overflowed;
}

/** Wipes and empties the arena. Every exported callback ends with it. */
export function releaseArena(): void {
  rewindArena(base);
  memory.fill(base, 0, highest - base);
  highest = base;
  overflowed = false;
}

/** Wipes the region in use and works in another from now on: a configuration may be larger than the arena. */
export function moveArena(start: usize, size: usize): void {
  releaseArena();
  base = start;
  limit = start + size;
  top = start;
  highest = start;
}

export function arenaStart(): usize {
  return base;
}

export function arenaCapacity(): usize {
  return limit - base;
}

/** Bytes that are still free. */
export function arenaRoom(): usize {
  return limit - top;
}
