/**
 * Scratch memory of one callback: data from the host, data composed for the host, and decoded data.
 *
 * A bump allocator over the rest of the initial memory. Each callback ends with `releaseArena`, which wipes every used
 * byte (tokens and bodies pass through here) and rewinds. The arena never grows: a request too large for it is refused,
 * so no peer can make memory grow by sending large data.
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

/** Address of `size` fresh bytes, 8-aligned; 0 if the arena is full (then `arenaOverflowed` returns true). */
export function reserve(size: usize): usize {
  const start = alignUp(top);
  if (start > limit || size > limit - start) {
    overflowed = true;
    return 0;
  }
  top = start + size;
  return start;
}

/** Appends `size` bytes directly after the last ones, or returns 0. For text written piece by piece. */
export function extend(size: usize): usize {
  if (size > limit - top) {
    overflowed = true;
    return 0;
  }
  const start = top;
  top += size;
  return start;
}

/** The address where the next `extend` will write. */
export function arenaMark(): usize {
  return top;
}

/** Frees everything after `mark`. */
export function rewindArena(mark: usize): void {
  if (top > highest) highest = top;
  top = mark;
}

/** True if anything did not fit since the last release: the composed data is incomplete and must not be sent. */
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

/** Wipes the current region and switches to another: a configuration may be larger than the arena. */
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

/** Free bytes. */
export function arenaRoom(): usize {
  return limit - top;
}
