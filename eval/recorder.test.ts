import { describe, expect, it } from "vitest";
import { Recorder } from "./recorder.ts";

const MINUTE_MS = 60_000;
const reading = { allocatedBytes: 8, liveBytes: 4, requests: 0, hits: 0, outbound: 0 };

/** Records an hour, in which the TTL falls from 10 minutes to one after half of it. */
function recorded(estimateAt: (minute: number) => { ttlMs: number; measured: boolean }) {
  const estimate = (nowMs: number) => {
    const { ttlMs, measured } = estimateAt(nowMs / MINUTE_MS);
    return { ttlMs, ttlConfidence: measured ? ("measured" as const) : ("bounded" as const), requiredBytes: 5 };
  };
  const ttl = { ttlMs: 10 * MINUTE_MS, change: { atMs: 30 * MINUTE_MS, ttlMs: MINUTE_MS } };
  const recorder = new Recorder(estimate as ConstructorParameters<typeof Recorder>[0], ttl, 60 * MINUTE_MS);
  for (let minute = 0; minute <= 60; minute += 1) recorder.add(minute * MINUTE_MS, reading);
  return recorder.estimate;
}

describe("the record of an estimate", () => {
  it("compares with the TTL of the entries that are written now", () => {
    const { ttl, ttlRatio } = recorded((minute) => ({ ttlMs: 10 * MINUTE_MS, measured: minute >= 12 }));
    expect(ttl).toEqual({
      finalMs: 10 * MINUTE_MS,
      firstMeasuredMs: 12 * MINUTE_MS,
      worstWhileMeasured: expect.closeTo(10),
      longestOffMs: 30 * MINUTE_MS,
    });
    expect(ttlRatio).toBe(10);
  });

  it("counts only the time in which the TTL counts as measured, too short or too long", () => {
    const { ttl } = recorded((minute) => ({
      ttlMs: minute < 20 ? 5 * MINUTE_MS : MINUTE_MS,
      measured: minute < 10 || minute > 40,
    }));
    expect(ttl).toMatchObject({
      finalMs: MINUTE_MS,
      worstWhileMeasured: expect.closeTo(2),
      longestOffMs: 9 * MINUTE_MS,
    });
  });

  it("has no numbers of a TTL that never counted as measured, and only a last one", () => {
    const { ttl } = recorded(() => ({ ttlMs: 7, measured: false }));
    expect(ttl).toEqual({ finalMs: 7, firstMeasuredMs: null, worstWhileMeasured: null, longestOffMs: null });
  });

  it("is empty for a policy without an estimate", () => {
    const recorder = new Recorder(undefined, { ttlMs: 1 }, 1);
    recorder.add(0, reading);
    expect(recorder.estimate).toMatchObject({ requiredError: null, ttl: { finalMs: null, firstMeasuredMs: null } });
  });

  it("averages the error of required from two TTLs after the start", () => {
    expect(recorded(() => ({ ttlMs: 1, measured: false })).requiredError).toBeCloseTo(0.25);
  });
});
