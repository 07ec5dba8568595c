import type { Decision } from "../../wasm/host/index.ts";

/** A request whose instance ends is replayed, but not forever. */
const MAX_REPLAYS = 3;

/**
 * Whether a request is replayed on the next instance because its own ended before it had an answer. Call this only while the
 * filter has passed nothing and seen none of the body. A filter failure does not count: the request may have caused it.
 *
 * @param replays how often it was replayed before
 */
export function isReplayed(outcome: Decision, replays: number): boolean {
  return outcome.kind === "failed" && outcome.reason === "closed" && replays < MAX_REPLAYS;
}
