import type { Isolate } from "../memory/isolate.ts";
import type { ProbeLimits } from "../outbound/outbound-calls.ts";
import type { TimeLimits } from "./time-limits.ts";

/** Clock, randomness and deadline: the platform's, or a test's. */
export interface Runtime {
  nowMs(): number;
  randomBytes(into: Uint8Array): void;
  readonly limits: TimeLimits;
  /** How long servers are probed; the platform's own unless a test brings others. */
  readonly probeLimits?: ProbeLimits;
  /** Books, reclaim and budget of all objects; the isolate's own unless a test or a benchmark brings another. */
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
