import type { Samples } from "../../metrics/samples.ts";
import type { CurrentGeneration } from "../history.ts";

export interface OutboundInTtl {
  /** N_T: outbound calls in (now - T, now]. */
  now: number;
  /** M_T: the greatest N_T of the generation, taken at its samples and now. Never below `now`. */
  max: number;
}

/**
 * Counts the outbound calls of a generation within a window of one TTL that slides over its samples.
 *
 * The calls of a sample are taken as spread evenly over the time since the sample before it (or since the start of the
 * generation), so a window that cuts a sample takes its share. A clock that runs backwards is held still. The peak that
 * `history` remembers for the same TTL counts too, since the samples that showed it may be overwritten.
 */
export function outboundInTtl(
  samples: Samples,
  generation: Pick<CurrentGeneration, "number" | "startedMs" | "peak">,
  ttlMs: number,
  nowMs: number,
): OutboundInTtl {
  const first = samples.firstOf(generation.number);
  const lostOldest = first === 0 && samples.overwritten > 0;
  // How long the oldest sample still held had lasted went with the one before it.
  const startMs = lostOldest && first < samples.length ? samples.timeMsAt(first) : generation.startedMs;

  let max = generation.peak?.ttlMs === ttlMs ? generation.peak.outbound : 0;
  /** Whole samples from `tail` up to the one the window ends with; `tail` may be cut by the window's start. */
  let whole = 0;
  let tail = first;
  let tailStartMs = startMs;
  let tailEndMs = first < samples.length ? Math.max(startMs, samples.timeMsAt(first)) : startMs;
  let timeMs = startMs;
  let inWindow = 0;

  for (let end = first; end <= samples.length; end += 1) {
    const isNow = end === samples.length;
    timeMs = Math.max(timeMs, isNow ? nowMs : samples.timeMsAt(end));
    if (!isNow) whole += samples.outboundAt(end);

    const windowStartMs = timeMs - ttlMs;
    while (tail < samples.length && tail <= end && tailEndMs <= windowStartMs) {
      whole -= samples.outboundAt(tail);
      tail += 1;
      tailStartMs = tailEndMs;
      if (tail < samples.length) tailEndMs = Math.max(tailEndMs, samples.timeMsAt(tail));
    }
    inWindow = whole;
    if (tail < samples.length && tail <= end && tailStartMs < windowStartMs) {
      const expired = (samples.outboundAt(tail) * (windowStartMs - tailStartMs)) / (tailEndMs - tailStartMs);
      inWindow = Math.max(0, whole - expired);
    }
    max = Math.max(max, inWindow);
  }
  return { now: inWindow, max };
}
