import { nowMs } from "./clock";
import { configuration } from "./configuration";
import { Entry } from "./entry";
import { proxy_set_property } from "./env";

/**
 * Tells the embedder how long it may use an allow without asking again: the property `ebb.fresh_for_ms` of the effective
 * context's stream, an i64. Without the property, it must ask each time.
 */

/** "ebb", NUL, "fresh_for_ms". Static, because many waiters may be answered in one callback. */
const PATH: usize = memory.data<u8>([
  0x65, 0x62, 0x62, 0x0, 0x66, 0x72, 0x65, 0x73, 0x68, 0x5f, 0x66, 0x6f, 0x72, 0x5f, 0x6d, 0x73,
]);
const PATH_BYTES: usize = 16;
const LIFE: usize = memory.data(8, 8);

/** Call before the request continues. @param leftMs rest of the decision's life; 0 if it is not kept */
export function allowEdgeUse(leftMs: u64): void {
  const life = min(leftMs, configuration.edgeTtlMs);
  if (life == 0) return;
  store<u64>(LIFE, life);
  proxy_set_property(PATH, PATH_BYTES, LIFE, 8);
}

/** Rest of an entry's life. */
export function lifeLeftMs(entry: Entry): u64 {
  const now = nowMs();
  return entry.expiresAtMs > now ? entry.expiresAtMs - now : 0;
}
