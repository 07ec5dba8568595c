import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { CollectionCredit } from "./collection-credit.ts";

const HOUR_MS = 3_600_000;

describe("the credit for collections of small amounts", () => {
  let credit: CollectionCredit;
  let nowMs: number;
  beforeEach(() => {
    credit = new CollectionCredit();
    nowMs = 1e12;
  });

  /** Collects as soon as it is paid for. @returns how long that took */
  function collect(tookMs: number): number {
    const startMs = nowMs;
    nowMs = credit.affordableAtMs(nowMs);
    credit.spend(nowMs);
    credit.measured(tookMs);
    return nowMs - startMs;
  }

  it("begins with that of an hour, at 1e-4 of a core", () => {
    expect(credit.creditMs(nowMs)).toBeCloseTo(360);
    expect(credit.affordableAtMs(nowMs)).toBe(nowMs);
  });

  it("pays 50 ms for the first collection, and then what they take in the mean", () => {
    expect(credit.priceMs).toBe(50);
    credit.measured(12);
    expect(credit.priceMs).toBe(12);
    credit.measured(18);
    expect(credit.priceMs).toBe(15);
  });

  it("pays the first collections at once, and then each by the time that has passed", () => {
    const waits = Array.from({ length: 30 }, () => collect(15));
    // 360 ms pay the first at 50 ms and 20 more at 15 ms.
    expect(waits.slice(0, 21).every((ms) => ms === 0)).toBe(true);
    expect(waits.slice(22).every((ms) => Math.abs(ms - 150_000) <= 1)).toBe(true);
  });

  it("saves up no more than an hour", () => {
    for (let n = 0; n < 30; n += 1) collect(15);
    nowMs += 10 * 24 * HOUR_MS;
    expect(credit.creditMs(nowMs)).toBeCloseTo(360);
    expect(Array.from({ length: 25 }, () => collect(15)).filter((ms) => ms === 0).length).toBe(24);
  });

  it("leaves no debt after collections that did not wait for it", () => {
    for (let n = 0; n < 1_000; n += 1) {
      credit.spend(nowMs);
      credit.measured(20);
    }
    expect(credit.creditMs(nowMs)).toBe(0);
    expect(credit.affordableAtMs(nowMs) - nowMs).toBe(200_000);
  });

  it("believes no measurement below 10 ms or above 250 ms: the clock may stand still or be set", () => {
    credit.measured(0);
    expect(credit.priceMs).toBe(10);
    credit.measured(24 * HOUR_MS);
    expect(credit.priceMs).toBe(130);
  });

  it("earns nothing from a clock that is set back, and goes on earning from there", () => {
    for (let n = 0; n < 22; n += 1) collect(15);
    const before = credit.creditMs(nowMs);
    nowMs -= 365 * 24 * HOUR_MS;
    expect(credit.creditMs(nowMs)).toBe(before);
    nowMs += 150_000;
    expect(credit.creditMs(nowMs)).toBeCloseTo(before + 15);
  });

  it("earns an hour at most from a clock that is set forward, and keeps it when the clock is set right", () => {
    for (let n = 0; n < 22; n += 1) collect(15);
    nowMs += 365 * 24 * HOUR_MS;
    expect(credit.creditMs(nowMs)).toBeCloseTo(360);
    nowMs -= 365 * 24 * HOUR_MS;
    expect(credit.creditMs(nowMs)).toBeCloseTo(360);
  });

  it("never lets collections take more than 1e-4 of a core and an hour's credit, however they come", () => {
    const step = fc.record({ pauseMs: fc.nat(2 * HOUR_MS), tookMs: fc.constant(40) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        credit = new CollectionCredit();
        const startMs = nowMs;
        let spentMs = 0;
        for (const { pauseMs, tookMs } of steps) {
          nowMs += pauseMs;
          collect(tookMs);
          spentMs += tookMs;
          expect(spentMs).toBeLessThanOrEqual(360 + 1e-4 * (nowMs - startMs) + 1e-6);
        }
      }),
    );
  });

  it("never makes a collection wait longer than the longest would have to, whatever the clock does", () => {
    const time = fc.integer({ min: -1e14, max: 1e14 });
    fc.assert(
      fc.property(fc.array(fc.record({ atMs: time, tookMs: time }), { maxLength: 40 }), (events) => {
        credit = new CollectionCredit();
        for (const { atMs, tookMs } of events) {
          credit.spend(atMs);
          credit.measured(tookMs);
          const affordableAtMs = credit.affordableAtMs(atMs);
          expect(affordableAtMs).toBeGreaterThanOrEqual(atMs);
          expect(affordableAtMs).toBeLessThanOrEqual(atMs + 2_500_000);
        }
      }),
    );
  });
});
