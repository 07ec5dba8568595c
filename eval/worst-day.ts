import { OUTBOUND_STEP_MS } from "./simulate.ts";

const DAY_STEPS = 86_400_000 / OUTBOUND_STEP_MS;

/**
 * Extra outbound calls as a share of those of `never`, in the worst of all rolling 24 hours; over the whole run if it is
 * shorter. Steps of the same length, see `RunResult.outboundOver`. A window without calls of `never` does not count.
 */
export function worstDayExtra(outboundOver: readonly number[], neverOver: readonly number[]): number {
  const steps = Math.min(DAY_STEPS, neverOver.length);
  let worst = Number.NEGATIVE_INFINITY;
  let calls = 0;
  let never = 0;
  for (let end = 0; end < neverOver.length; end += 1) {
    calls += outboundOver[end] ?? 0;
    never += neverOver[end]!;
    if (end >= steps) {
      calls -= outboundOver[end - steps] ?? 0;
      never -= neverOver[end - steps]!;
    }
    if (end >= steps - 1 && never > 0) worst = Math.max(worst, calls / never - 1);
  }
  return Number.isFinite(worst) ? worst : 0;
}
