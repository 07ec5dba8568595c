import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { creditCalls, EMPTY_ACCOUNT, MAX_BUCKETS, noted } from "./call-account.ts";

const HOUR_MS = 3_600_000;

describe("the account of outbound calls", () => {
  it("earns the operator's share of the calls, and pays for restarts", () => {
    const account = noted(noted(EMPTY_ACCOUNT, 0, 1_000, 0), 1_000, 0, 4);
    expect(creditCalls(account, 0.01)).toBeCloseTo(6);
  });

  it("takes a correction after an expected price was debited", () => {
    const debited = noted(noted(EMPTY_ACCOUNT, 0, 1_000, 0), 1_000, 0, 4);
    expect(creditCalls(noted(debited, 600_000, 0, -3), 0.01)).toBeCloseTo(9);
    expect(creditCalls(noted(debited, 600_000, 0, 20), 0.01)).toBeCloseTo(-14);
  });

  it("counts the last 24 hours only", () => {
    let account = noted(EMPTY_ACCOUNT, 0, 100_000, 0);
    account = noted(account, 12 * HOUR_MS, 1_000, 3);
    expect(creditCalls(account, 0.01)).toBeCloseTo(1_007);
    expect(creditCalls(noted(account, 24 * HOUR_MS, 0, 0), 0.01)).toBeCloseTo(7);
    expect(creditCalls(noted(account, 40 * HOUR_MS, 0, 0), 0.01)).toBe(0);
  });

  it("loses nothing if the clock is set back", () => {
    const account = noted(noted(EMPTY_ACCOUNT, 50 * HOUR_MS, 500, 1), 3 * HOUR_MS, 500, 1);
    expect(creditCalls(account, 0.01)).toBeCloseTo(8);
  });

  it("stays small, with its newest entries, for any times", () => {
    const entry = fc.record({ atMs: fc.integer({ min: 0, max: 1e12 }), calls: fc.nat(1_000) });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1 }), (entries) => {
        let account = EMPTY_ACCOUNT;
        for (const { atMs, calls } of entries) account = noted(account, atMs, calls, 0);
        expect(account.buckets.length).toBeLessThanOrEqual(MAX_BUCKETS);
        expect(creditCalls(account, 1)).toBeGreaterThanOrEqual(entries.at(-1)!.calls);
      }),
    );
  });
});
