/** Initial and maximum size of a module's own memory, in pages of 64 KiB. */
export interface MemoryLimits {
  initialPages: number;
  /** Absent if the module sets none. */
  maximumPages: number | undefined;
}

const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/**
 * Reads the memory section of a WebAssembly binary (core specification 5.5.8), which the JavaScript API does not show.
 * @returns undefined if the module defines no memory
 */
export function readMemoryLimits(module: Uint8Array): MemoryLimits | undefined {
  let at = 8;
  const unsigned = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++];
      if (byte === undefined || shift > 28) throw new Error(`not a WebAssembly module (at byte ${at})`);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < module.length) {
    const section = module[at++];
    const size = unsigned();
    if (section !== MEMORY_SECTION) {
      at += size;
      continue;
    }
    if (unsigned() === 0) return undefined;
    const flags = unsigned();
    return { initialPages: unsigned(), maximumPages: flags & HAS_MAXIMUM ? unsigned() : undefined };
  }
  return undefined;
}
