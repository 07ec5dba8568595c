import { capMemory } from "../../wasm/binary/cap-memory.ts";
import { MemoryProblem, readMemoryLimits } from "../../wasm/binary/memory-section.ts";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { CapOptions } from "./options.ts";
import { readModule, WrongInput } from "./read-input.ts";
import { replaceFile } from "./replace-file.ts";
import { bytesText } from "./text.ts";

/**
 * Writes a filter whose memory has a maximum.
 * @returns a summary for people
 * @throws WrongInput
 */
export async function capFilter({ file, outFile, maximumBytes }: CapOptions): Promise<string> {
  const { bytes } = await readModule(file);
  const capped = cappedOrWrong(file, bytes, maximumBytes);
  if (outFile !== file || capped !== bytes) await replaceFile(outFile, capped);
  const maximum = maximumText(capped);
  if (capped === bytes) return `${outFile}: its memory may grow to ${maximum}, as before`;
  return `${outFile}: its memory may grow to ${maximum}; before: ${maximumText(bytes)}`;
}

function cappedOrWrong(file: string, bytes: Uint8Array, maximumBytes: number): Uint8Array {
  try {
    return capMemory(bytes, maximumBytes);
  } catch (error) {
    if (error instanceof MemoryProblem) throw new WrongInput(`${file}: ${error.message}`);
    throw error;
  }
}

function maximumText(module: Uint8Array): string {
  const pages = readMemoryLimits(module)?.maximumPages;
  return pages === undefined ? "no maximum" : bytesText(pages * PAGE_BYTES);
}
