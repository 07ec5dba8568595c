import { describe, expect, it } from "vitest";
import { Reachability, UNREACHABLE } from "./reachability.ts";

const { failures, silenceMs } = UNREACHABLE;

function failing(times: number, fromMs: number, toMs: number): Reachability {
  const reachability = new Reachability();
  for (let n = 0; n < times; n += 1) reachability.failed(fromMs + ((toMs - fromMs) * n) / Math.max(1, times - 1));
  return reachability;
}

describe("a server", () => {
  it("is unreachable once calls in a row got no answer for long enough", () => {
    expect(failing(failures, 0, silenceMs).isUnreachable(silenceMs)).toBe(true);
  });

  it("is not unreachable because one call failed, however long ago", () => {
    expect(failing(1, 0, 0).isUnreachable(60_000)).toBe(false);
  });

  it("is not unreachable because a burst of calls failed together", () => {
    expect(failing(100, 0, 0).isUnreachable(silenceMs - 1)).toBe(false);
  });

  it("is reachable again with its first answer", () => {
    const reachability = failing(100, 0, 60_000);
    reachability.answered();
    expect(reachability.isUnreachable(60_000)).toBe(false);
    reachability.failed(60_001);
    expect(reachability.isUnreachable(90_000)).toBe(false);
  });
});
