import { STATUS_OK } from "./abi";
import { proxy_get_current_time_nanoseconds } from "./env";

/**
 * Two times, read from the host once per callback.
 *
 * Ages use the filter's own clock, the sum of the forward steps of the host's clock: if that is set back, entries stop
 * aging for a moment but gain no lifetime. Stated expiry times (`exp`) are compared with the latest wall time ever seen,
 * so a clock set back cannot revive a token either.
 */

const NOW: usize = memory.data(8, 8);
const NANOSECONDS_PER_MS: u64 = 1000000;

let wallMs: u64 = 0;
let latestWallMs: u64 = 0;
/** Starts at 1, so that 0 can mean never. */
let elapsedMs: u64 = 1;

export function readClock(): void {
  if (proxy_get_current_time_nanoseconds(NOW) != STATUS_OK) return;
  const readMs = load<u64>(NOW) / NANOSECONDS_PER_MS;
  if (wallMs != 0 && readMs > wallMs) elapsedMs += readMs - wallMs;
  wallMs = readMs;
  if (readMs > latestWallMs) latestWallMs = readMs;
}

/** Milliseconds since this instance started; never decreases. */
export function nowMs(): u64 {
  return elapsedMs;
}

/** Milliseconds since 1970 on the host's clock, which may have been set back. */
export function wallTimeMs(): u64 {
  return wallMs;
}

/** The latest wall time seen, in milliseconds since 1970. */
export function latestWallTimeMs(): u64 {
  return latestWallMs;
}
