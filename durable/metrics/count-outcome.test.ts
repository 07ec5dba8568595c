import { describe, expect, it } from "vitest";
import type { Decision } from "../../wasm/host/index.ts";
import { countOutcome } from "./count-outcome.ts";
import { noOutcomes, occurredOutcomes, readOutcomes, sumOf } from "./outcomes.ts";

const head = { headers: [], body: new Uint8Array(0) } as const;
const respond = (status: number, details: string): Decision => ({
  ...{ kind: "respond", status, details, calls: 0, paused: false },
  ...head,
  headers: [],
});
const allow = (calls: number, paused: boolean): Decision => ({ kind: "continue", changes: [], calls, paused });

function outcomeOf(decision: Decision): unknown {
  const counts = noOutcomes();
  countOutcome(counts, decision);
  return occurredOutcomes(counts);
}

const NOTHING = { allowed: {}, refused: {}, undecided: {} };

describe("an outcome", () => {
  it.each([
    ["an answer at once", allow(0, false), { allowed: { cache: 1 } }],
    ["a call of its own", allow(1, true), { allowed: { server: 1 } }],
    ["another's call", allow(0, true), { allowed: { coalesced: 1 } }],
    ["401", respond(401, "token_inactive"), { refused: { credential: 1 } }],
    ["403 of the server", respond(403, "denied"), { refused: { denied: 1 } }],
    ["403 for a scope", respond(403, "insufficient_scope"), { refused: { rule: 1 } }],
    ["429", respond(429, "rate_limited"), { refused: { throttled: 1 } }],
    ["an answer of the filter's own", respond(200, "hello"), { refused: { other: 1 } }],
    [
      "a silent server",
      respond(503, "authorization_server_timeout"),
      { undecided: { authorization_server_timeout: 1 } },
    ],
    ["503 with a reason of another filter", respond(500, '"}\n# evil'), { undecided: { other: 1 } }],
    [
      "a trap",
      { kind: "failed", reason: "trap", message: "", calls: 0, paused: false } as Decision,
      { undecided: { filter_failed: 1 } },
    ],
    [
      "a filter that takes too long",
      { kind: "failed", reason: "aborted", message: "", calls: 1, paused: true } as Decision,
      { undecided: { filter_timeout: 1 } },
    ],
  ])("of %s has its reason", (_, decision, expected) =>
    expect(outcomeOf(decision)).toEqual({ ...NOTHING, ...expected }),
  );

  it("is read back as it was stored; what cannot be read is 0", () => {
    const counts = noOutcomes();
    countOutcome(counts, allow(1, true));
    expect(readOutcomes(JSON.parse(JSON.stringify(counts)))).toEqual(counts);
    for (const garbage of [null, 7, { allowed: 7 }, { allowed: { server: -1, cache: "x" }, more: {} }]) {
      expect(readOutcomes(garbage)).toEqual(noOutcomes());
    }
    expect(sumOf(counts.allowed)).toBe(1);
  });
});
