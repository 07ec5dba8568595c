import { readFile } from "node:fs/promises";
import { median } from "../median.ts";

/** Allowed growth of a process between the second and the last fifth of a run, measured after forced collections. */
export const MEMORY_BOUND = { share: 0.15, bytes: 64 * 1_024 * 1_024 } as const;

/** In a shorter run the process is still warming up, so its growth means nothing. */
const MIN_MINUTES = 5;

export interface MemoryVerdict {
  /** Medians of the first, second, middle and last fifth. */
  readonly startBytes: number;
  readonly settledBytes: number;
  readonly middleBytes: number;
  readonly endBytes: number;
  /** Null if the run was too short to tell. */
  readonly isFlat: boolean | null;
}

/** @param samples resident bytes at equal intervals */
export function judgeMemory(samples: readonly number[], minutes: number): MemoryVerdict {
  const fifth = (n: number) =>
    median(samples.slice(Math.floor((samples.length * n) / 5), Math.ceil((samples.length * (n + 1)) / 5)));
  const settledBytes = fifth(1);
  const endBytes = fifth(4);
  const allowed = Math.max(settledBytes * MEMORY_BOUND.share, MEMORY_BOUND.bytes);
  return {
    startBytes: fifth(0),
    settledBytes,
    middleBytes: fifth(2),
    endBytes,
    isFlat: minutes < MIN_MINUTES ? null : endBytes - settledBytes <= allowed,
  };
}

/** Resident bytes and CPU seconds of a process, from Linux's /proc. */
export async function usageOf(pid: number): Promise<{ residentBytes: number; cpuSeconds: number }> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, "utf8"),
    readFile(`/proc/${pid}/stat`, "utf8"),
  ]);
  const residentBytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
  // utime and stime, in ticks (100 a second on Linux); the process name before them may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { residentBytes, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
}
