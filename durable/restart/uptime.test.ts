import { describe, expect, it } from "vitest";
import { situationOf } from "./testing/situation.ts";
import { uptimePolicy } from "./uptime.ts";

const HOUR_MS = 3_600_000;
const verdictAt = (uptimeMs: number, jitter: number) =>
  uptimePolicy({ uptimeMs: HOUR_MS })(situationOf({ jitter, estimate: { uptimeMs } }));

describe("the policy uptime", () => {
  it("restarts at a fixed age", () => {
    expect(verdictAt(HOUR_MS - 1, 0)).toEqual({ restart: false, reason: "below_uptime" });
    expect(verdictAt(HOUR_MS, 0)).toEqual({ restart: true, reason: "uptime" });
  });

  it("restarts objects up to a tenth earlier, so that they do not restart in step", () => {
    const ages = [0, 0.25, 0.5, 1].map((jitter) => {
      let uptimeMs = 0;
      while (!verdictAt(uptimeMs, jitter).restart) uptimeMs += 10_000;
      return uptimeMs / HOUR_MS;
    });
    expect(new Set(ages).size).toBe(4);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0.9);
    expect(Math.max(...ages)).toBe(1);
  });
});
