import type { ReportingLimits } from "../directory/reporter.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { ProbeLimits } from "../outbound/outbound-calls.ts";
import type { TimeLimits } from "./time-limits.ts";

/** Clock, randomness and time limits: the platform's, or a test's. */
export interface Runtime {
  nowMs(): number;
  randomBytes(into: Uint8Array): void;
  readonly limits: TimeLimits;
  /** Durations of probing; the defaults unless a test sets others. */
  readonly probeLimits?: ProbeLimits;
  /** When figures are told to the directory; the defaults unless a test sets others. */
  readonly reportingLimits?: ReportingLimits;
  /** State shared by all objects; the real isolate's unless a test or a benchmark supplies another. */
  readonly isolate?: Isolate;
}

export function randomHex(runtime: Runtime, byteLength: number): string {
  const bytes = new Uint8Array(byteLength);
  runtime.randomBytes(bytes);
  return hex(bytes);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A number from 0 up to, but not including, 1. */
export function randomShare(runtime: Runtime): number {
  const bytes = new Uint8Array(4);
  runtime.randomBytes(bytes);
  return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
}
