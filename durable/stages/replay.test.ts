import { describe, expect, it } from "vitest";
import type { Decision, DecisionFailure } from "../../wasm/host/index.ts";
import { isReplayed } from "./replay.ts";

function failed(reason: DecisionFailure): Decision {
  return { kind: "failed", reason, message: "", calls: 1, paused: true };
}

describe("a request is replayed", () => {
  it("if its instance ended before it had an answer, three times at most", () => {
    expect([0, 1, 2, 3, 4].map((replays) => isReplayed(failed("closed"), replays))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it.each(["trap", "proc_exit", "aborted", "stream_closed", "ended", "too_many_streams"] as const)(
    "not if it failed otherwise: %s",
    (reason) => {
      expect(isReplayed(failed(reason), 0)).toBe(false);
    },
  );

  it("not if it has an answer", () => {
    expect(isReplayed({ kind: "continue", changes: [], calls: 0, paused: false }, 0)).toBe(false);
    const refusal = { status: 403, headers: [], body: new Uint8Array(0), details: "", calls: 0, paused: false };
    expect(isReplayed({ kind: "respond", ...refusal }, 0)).toBe(false);
  });
});
