import type { EstimateSettings } from "../../../config/index.ts";
import type { Samples } from "../../metrics/samples.ts";
import type { CurrentGeneration } from "../history.ts";
import type { TtlEstimate } from "./ratio-ttl.ts";

/**
 * The TTL by the paper's rule, by the letter: the time from the start of the generation until it grows by fewer pages than it
 * makes outbound calls.
 *
 * Compares the counts of each bin, of `binMs` or more up to a sample. The TTL is the start of the first bin with fewer pages
 * than calls, but at least `binMs`: a comparison needs a whole bin. Unless an entry fills a page, that is the first bin with
 * calls. Gives the default while there is no such bin within the cap, and if the ring buffer has lost the generation's first
 * samples.
 */
export function countsTtl(
  samples: Samples,
  { number, startedMs }: Pick<CurrentGeneration, "number" | "startedMs">,
  { binMs, ttlCapMs, ttlDefaultMs }: Pick<EstimateSettings, "binMs" | "ttlCapMs" | "ttlDefaultMs">,
): TtlEstimate {
  const byDefault: TtlEstimate = { ttlMs: Math.min(ttlDefaultMs, ttlCapMs), source: "default" };
  const first = samples.firstOf(number);
  if (first === 0 && samples.overwritten > 0) return byDefault;

  let pages = 0;
  let calls = 0;
  let binStartMs = startedMs;
  let timeMs = startedMs;
  for (let index = first; index < samples.length && binStartMs - startedMs <= ttlCapMs; index += 1) {
    timeMs = Math.max(timeMs, samples.timeMsAt(index));
    pages += samples.grownPagesAt(index);
    calls += samples.outboundAt(index);
    if (timeMs - binStartMs < binMs) continue;
    if (pages < calls) {
      return { ttlMs: Math.min(Math.max(binStartMs - startedMs, binMs), ttlCapMs), source: "measured" };
    }
    pages = 0;
    calls = 0;
    binStartMs = timeMs;
  }
  return byDefault;
}
