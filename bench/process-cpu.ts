import { readdirSync, readFileSync } from "node:fs";

/**
 * CPU that a process has used, in microseconds, over all its threads. From Linux's scheduler, which counts nanoseconds; the
 * times in /proc/PID/stat have steps of 10 ms.
 */
export function processCpuUs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadCpuNs(pid, thread) / 1_000, 0);
}

/** A thread may end between the listing and its reading. */
function threadCpuNs(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    return 0;
  }
}
