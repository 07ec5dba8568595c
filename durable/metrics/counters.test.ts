import { describe, expect, it } from "vitest";
import type { Decision } from "../../wasm/host/index.ts";
import { countDecision, countRefusalInStage, hitRate, noCounts, readCounters } from "./counters.ts";

function decision(fields: Partial<Decision> & Pick<Decision, "kind">): Decision {
  const common = { calls: 0, paused: false };
  if (fields.kind === "continue") return { changes: [], ...common, ...fields } as Decision;
  if (fields.kind === "failed") return { reason: "trap", message: "", ...common, ...fields } as Decision;
  return { status: 403, headers: [], body: new Uint8Array(0), details: "", ...common, ...fields } as Decision;
}

describe("the counters", () => {
  it("count an immediate decision as a hit, allowed or denied", () => {
    const counters = noCounts();
    countDecision(counters, decision({ kind: "continue" }));
    countDecision(counters, decision({ kind: "respond", details: "denied" }));
    countDecision(counters, decision({ kind: "continue", calls: 1, paused: true }));
    countDecision(counters, decision({ kind: "continue", calls: 0, paused: true }));
    expect(counters).toMatchObject({ requests: 4, hits: 2 });
    expect(hitRate(counters)).toBe(0.5);
  });

  it("exclude requests that never looked for a decision from the hit rate", () => {
    const counters = noCounts();
    countDecision(counters, decision({ kind: "respond", status: 401, details: "missing_credential" }));
    countDecision(counters, decision({ kind: "respond", status: 400, details: "header_not_utf8" }));
    countDecision(counters, decision({ kind: "respond", status: 503, details: "unknown_rule" }));
    countDecision(counters, decision({ kind: "failed" }));
    expect(hitRate(counters)).toBe(0);
    countDecision(counters, decision({ kind: "continue" }));
    expect(counters).toMatchObject({ requests: 5, hits: 1, refusedEarly: 2, undecided: 2 });
    expect(hitRate(counters)).toBe(1);
  });

  it("distinguish refusals after the head from failures", () => {
    const counters = noCounts();
    const refusal = { calls: 0, paused: false } as const;
    const response = { status: 403, headers: [], body: new Uint8Array(0), details: "" };
    countRefusalInStage(counters, { kind: "respond", ...response, ...refusal });
    countRefusalInStage(counters, { kind: "failed", reason: "trap", message: "", ...refusal });
    expect(counters).toMatchObject({ requests: 0, refusedInStages: 1, failuresInStages: 1, undecided: 0 });
  });

  it("are restored from storage, and from garbage as zero", () => {
    expect(readCounters({ requests: 5, hits: -1, outbound: "6", refusedEarly: Number.NaN })).toEqual({
      ...noCounts(),
      requests: 5,
    });
    for (const garbage of [undefined, null, "text", 7, []]) expect(readCounters(garbage)).toEqual(noCounts());
  });
});
