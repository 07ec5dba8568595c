/** Size of a module's own memory, at start and at most, in pages of 64 KiB. */
export interface MemoryLimits {
  readonly initialPages: number;
  /** Undefined if the module sets none: then its memory may grow to 4 GiB. */
  readonly maximumPages: number | undefined;
}

export interface MemorySection {
  /** Start of the section including its head, and its end. */
  readonly from: number;
  readonly to: number;
  readonly limits: MemoryLimits;
}

/** A module whose memory cannot be read or capped. The message continues a sentence that starts with the module's name. */
export class MemoryProblem extends Error {}

export const MEMORY_SECTION = 5;
const START_SECTION = 8;
export const HAS_MAXIMUM = 1;

/** Magic number and version. */
const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** Pages reachable with 32-bit addresses. */
const ADDRESSABLE_PAGES = 65_536;
const IS_SHARED = 2;
const HAS_64_BIT_ADDRESSES = 4;

/**
 * The initial and maximum size of a module's memory. The JavaScript API does not expose them.
 * @returns undefined if the module defines no memory
 * @throws MemoryProblem
 */
export function readMemoryLimits(module: Uint8Array): MemoryLimits | undefined {
  return findMemorySection(module)?.limits;
}

/**
 * Finds the memory section of a WebAssembly binary (core specification 5.5.8). Nothing else in the module is checked.
 * @returns undefined if the module defines no memory
 * @throws MemoryProblem if the module is damaged up to the end of that section, or its memory is not a plain one
 */
export function findMemorySection(module: Uint8Array): MemorySection | undefined {
  for (const { id, from, to, cursor } of sectionsOf(module)) {
    if (id !== MEMORY_SECTION) continue;
    const limits = readSection(cursor);
    // A section with a wrong length would shift everything after it.
    if (cursor.at !== to) throw cursor.damage();
    return limits === undefined ? undefined : { from, to, limits };
  }
  return undefined;
}

/** True if a module runs code of its own when it is instantiated. `module` must be one that compiles. */
export function hasStartSection(module: Uint8Array): boolean {
  for (const { id } of sectionsOf(module)) if (id === START_SECTION) return true;
  return false;
}

/**
 * The sections of a module, each with a cursor at its content.
 * @throws MemoryProblem if the module is damaged
 */
function* sectionsOf(module: Uint8Array): Generator<{ id: number; from: number; to: number; cursor: Cursor }> {
  if (PREAMBLE.some((byte, at) => module[at] !== byte)) throw new MemoryProblem("is no WebAssembly module");
  const cursor = new Cursor(module, PREAMBLE.length);
  while (cursor.at < module.length) {
    const from = cursor.at;
    const id = cursor.byte();
    const size = cursor.unsigned();
    const to = cursor.at + size;
    if (to > module.length) throw cursor.damage();
    yield { id, from, to, cursor };
    cursor.at = to;
  }
}

function readSection(cursor: Cursor): MemoryLimits | undefined {
  const count = cursor.unsigned();
  if (count === 0) return undefined;
  if (count > 1) throw new MemoryProblem(`defines ${count} memories; a filter has one`);
  const flags = cursor.byte();
  if (flags & IS_SHARED) throw new MemoryProblem("has a shared memory; the host works in a plain one only");
  if (flags & HAS_64_BIT_ADDRESSES) {
    throw new MemoryProblem("has a memory with 64-bit addresses; the ABI needs 32-bit ones: build for wasm32");
  }
  if (flags > HAS_MAXIMUM) throw new MemoryProblem(`has a memory of an unknown kind (flags ${flags})`);
  const initialPages = cursor.unsigned();
  const maximumPages = flags === HAS_MAXIMUM ? cursor.unsigned() : undefined;
  const maxPages = maximumPages ?? ADDRESSABLE_PAGES;
  if (initialPages > maxPages || maxPages > ADDRESSABLE_PAGES) throw cursor.damage();
  return { initialPages, maximumPages };
}

class Cursor {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw this.damage();
    this.at += 1;
    return byte;
  }

  /** An unsigned 32-bit LEB128 number, at most five bytes. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 && value < 2 ** 32) return value;
      if (byte < 0x80) break;
    }
    throw this.damage();
  }

  damage(): MemoryProblem {
    return new MemoryProblem(`is damaged (at byte ${this.at})`);
  }
}
