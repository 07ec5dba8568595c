import type { Expectation } from "./workload.ts";

/** The result of a request: the status, or why there was no answer. */
export type Outcome = { kind: "answered"; status: number; latencyMs: number } | { kind: "failed"; reason: string };

/** Latencies are counted in classes, each 5 % wider than the one before. */
const CLASS_GROWTH = 1.05;
const CLASSES = 300;

/** True if the answer matches the demo's rule. */
export function asExpected(expected: Expectation, status: number): boolean {
  switch (expected) {
    case "allowed":
      return status >= 200 && status < 400;
    case "denied":
      return status === 403;
    case "unauthenticated":
      return status === 401;
  }
}

/** Counts the results of a run in constant memory. */
export class Tally {
  readonly byOutcome = new Map<string, number>();
  answered = 0;
  /** Answers other than the expected one, and requests without an answer. */
  errors = 0;
  /** Not sent because too many were waiting: the load is too high for the gateway or this machine. */
  skipped = 0;
  /** Requests without an answer since the last answer. */
  failuresInARow = 0;
  readonly #latencies = new Uint32Array(CLASSES);

  get finished(): number {
    let sum = 0;
    for (const count of this.byOutcome.values()) sum += count;
    return sum;
  }

  record(expected: Expectation, outcome: Outcome): void {
    const name = outcome.kind === "answered" ? String(outcome.status) : outcome.reason;
    this.byOutcome.set(name, (this.byOutcome.get(name) ?? 0) + 1);
    if (outcome.kind === "failed") {
      this.errors++;
      this.failuresInARow++;
      return;
    }
    this.answered++;
    this.failuresInARow = 0;
    if (!asExpected(expected, outcome.status)) this.errors++;
    const latencyClass = Math.ceil(Math.log(Math.max(1, outcome.latencyMs)) / Math.log(CLASS_GROWTH));
    this.#latencies[Math.min(CLASSES - 1, latencyClass)]!++;
  }

  /** The quantile of the latency for `part` (0 to 1), within 5 %; undefined without answers. */
  latencyMs(part: number): number | undefined {
    let seen = 0;
    for (const [latencyClass, count] of this.#latencies.entries()) {
      seen += count;
      if (count > 0 && seen >= part * this.answered) return CLASS_GROWTH ** latencyClass;
    }
    return undefined;
  }
}
