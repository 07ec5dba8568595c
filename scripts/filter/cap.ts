import { capMemory } from "../../wasm/binary/cap-memory.ts";
import { MemoryProblem, readMemoryLimits } from "../../wasm/binary/memory-section.ts";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { CommandResult } from "../command-result.ts";
import type { CapOptions } from "./options.ts";
import { readModule } from "./read-input.ts";
import { replaceFile } from "./replace-file.ts";
import { bytesText } from "./text.ts";
import { WrongInput } from "./wrong-input.ts";

/** Sets the memory maximum of filters. One that cannot have it does not keep the others from it. */
export async function capFilters({ files, outFile, maximumBytes }: CapOptions): Promise<CommandResult> {
  const lines: string[] = [];
  const complaints: string[] = [];
  for (const file of files) {
    try {
      lines.push(await capFilter(file, outFile ?? file, maximumBytes));
    } catch (error) {
      if (!(error instanceof WrongInput)) throw error;
      complaints.push(error.message);
    }
  }
  return {
    ok: complaints.length === 0,
    ...(lines.length > 0 && { report: lines.join("\n") }),
    ...(complaints.length > 0 && { complaint: complaints.join("\n") }),
  };
}

/**
 * Writes a filter whose memory has a maximum.
 * @returns a summary for people
 * @throws WrongInput
 */
async function capFilter(file: string, outFile: string, maximumBytes: number): Promise<string> {
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
