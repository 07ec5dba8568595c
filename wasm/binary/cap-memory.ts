import { PAGE_BYTES } from "../byte-units.ts";
import { findMemorySection, HAS_MAXIMUM, MEMORY_SECTION, MemoryProblem } from "./memory-section.ts";

/**
 * Writes a memory maximum into a module. Beyond it the engine refuses `memory.grow`; only the engine can do that inside a
 * call.
 *
 * Only the memory section is rewritten; every other byte stays. Names and debug information count from the start of the
 * code, not of the file, so they stay valid. A library that decodes and encodes the whole module would rewrite the code
 * too, so the tested code would not be the code that runs.
 *
 * @param maximumBytes rounded down to pages; a lower maximum in the module is kept
 * @returns the module itself if its maximum is already low enough
 * @throws MemoryProblem if the memory cannot be capped
 */
export function capMemory(module: Uint8Array, maximumBytes: number): Uint8Array {
  const section = findMemorySection(module);
  if (section === undefined) throw new MemoryProblem("defines no memory of its own: not a Proxy-Wasm filter");
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
