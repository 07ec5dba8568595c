import type { CallFreeGrowth } from "../../config/index.ts";
import type { Samples } from "../metrics/samples.ts";

/** A leak grows evenly: the last quarter of the instance's life brought at least this share of the growth. */
const MIN_LAST_QUARTER = 0.15;

/** The running instance. */
export interface GrowingInstance {
  readonly generation: number;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly startBytes: number;
  readonly allocatedBytes: number;
}

/**
 * Whether memory of a filter that asks nobody keeps growing with its requests, past what a table of its own explains
 * (docs/model.md): for long enough, by enough bytes, and as fast at the end as before.
 */
export function growsWithoutCalls(samples: Samples, instance: GrowingInstance, settings: CallFreeGrowth): boolean {
  const { generation, startedMs, nowMs, startBytes, allocatedBytes } = instance;
  const ageMs = nowMs - startedMs;
  const grownBytes = allocatedBytes - startBytes;
  if (!settings.restart || ageMs < settings.afterMs || grownBytes < settings.minBytes) return false;
  const lateFromMs = nowMs - ageMs / 4;
  let earlierBytes = startBytes;
  for (let index = samples.firstOf(generation); index < samples.length; index += 1) {
    if (samples.outboundAt(index) > 0) return false;
    if (samples.timeMsAt(index) <= lateFromMs) earlierBytes = samples.allocatedBytesAt(index);
  }
  return allocatedBytes - earlierBytes >= MIN_LAST_QUARTER * grownBytes;
}
