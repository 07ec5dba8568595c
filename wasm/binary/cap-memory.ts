import { PAGE_BYTES } from "../byte-units.ts";
import { findMemorySection, HAS_MAXIMUM, MEMORY_SECTION, MemoryProblem } from "./memory-section.ts";

/**
 * Writes a maximum into a module's memory, at which the engine refuses `memory.grow`: inside a call nobody else can.
 *
 * Only the memory section is written anew and every other byte stays, for names and debug information count from the
 * start of the code, not of the file. A library that reads and encodes the whole module would rewrite the code too, and
 * what was tested would not be what runs.
 *
 * @param maximumBytes rounded down to pages; a lower maximum that the module has is kept
 * @returns the module itself if its maximum is low enough already
 * @throws MemoryProblem if the memory cannot be capped
 */
export function capMemory(module: Uint8Array, maximumBytes: number): Uint8Array {
  const section = findMemorySection(module);
  if (section === undefined) throw new MemoryProblem("defines no memory of its own: it is no Proxy-Wasm filter");
  const { initialPages, maximumPages } = section.limits;
  const capPages = Math.floor(maximumBytes / PAGE_BYTES);
  if (maximumPages !== undefined && maximumPages <= capPages) return module;
  if (initialPages > capPages) {
    const [initial, cap] = [initialPages * PAGE_BYTES, capPages * PAGE_BYTES];
    throw new MemoryProblem(
      `starts with ${initial} bytes of memory, more than the maximum of ${cap}: allow it more, or link it with less`,
    );
  }
  const limits = [1, HAS_MAXIMUM, ...unsigned(initialPages), ...unsigned(capPages)];
  const written = [MEMORY_SECTION, ...unsigned(limits.length), ...limits];
  const capped = new Uint8Array(module.length - (section.to - section.from) + written.length);
  capped.set(module.subarray(0, section.from));
  capped.set(written, section.from);
  capped.set(module.subarray(section.to), section.from + written.length);
  return capped;
}

/** LEB128, as short as possible. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}
