import { hasElapsed } from "../runtime/elapsed.ts";
import { type Counters, decidedRequests } from "./counters.ts";

/** A judgement needs so many decided requests and so long: at first every request is a miss. */
export const ENOUGH_REQUESTS = 1_000;
export const ENOUGH_MS = 5 * 60_000;
const FEW_HITS = 0.2;

/**
 * Finds out whether nearly every request asks the authorization server although its replies may be kept: then the key of a
 * decision most likely has a part that changes with every request. Counts since the object's start.
 */
export class MostlyMisses {
  readonly #counters: Readonly<Counters>;
  readonly #before: Readonly<Counters>;
  readonly #startedAtMs: number;
  readonly #tell: (requests: number, hits: number) => void;
  #isTold = false;

  /** @param tell called once at most */
  constructor(counters: Readonly<Counters>, nowMs: number, tell: (requests: number, hits: number) => void) {
    this.#counters = counters;
    this.#before = { ...counters };
    this.#startedAtMs = nowMs;
    this.#tell = tell;
  }

  /** Call after each reply. */
  note(nowMs: number): void {
    if (this.#isTold || !this.isTrue(nowMs)) return;
    this.#isTold = true;
    this.#tell(this.#requests, this.#since("hits"));
  }

  isTrue(nowMs: number): boolean {
    const requests = this.#requests;
    if (requests < ENOUGH_REQUESTS || !hasElapsed(this.#startedAtMs, ENOUGH_MS, nowMs)) return false;
    const hits = this.#since("hits");
    const calls = this.#since("outbound");
    // Many requests that wait for one call, or pass because the server is down, say nothing about the key.
    const causeCalls = 2 * calls >= requests - hits;
    return hits < FEW_HITS * requests && causeCalls && 2 * this.#since("forbiddenToKeep") < calls;
  }

  get #requests(): number {
    return decidedRequests(this.#counters) - decidedRequests(this.#before);
  }

  #since(name: "hits" | "outbound" | "forbiddenToKeep"): number {
    return this.#counters[name] - this.#before[name];
  }
}
