import type { Decision } from "../../wasm/host/index.ts";

/** A request whose instance ends under it is asked again, but not for ever. */
const MAX_REPLAYS = 3;

/**
 * Whether a request is asked again of the next instance, since its own was ended before it had an answer. To be asked only
 * while the filter has let nothing go and seen none of the body. A filter that failed is no such case: the request may be
 * what it failed by.
 *
 * @param replays how often it was asked again before
 */
export function isReplayed(outcome: Decision, replays: number): boolean {
  return outcome.kind === "failed" && outcome.reason === "closed" && replays < MAX_REPLAYS;
}
