import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BACKOFF, backoffMs } from "./backoff.ts";

describe("the pause before a start", () => {
  it("doubles from 1 s to 60 s", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 2_000].map((pauses) => backoffMs(pauses, 0) / 1_000)).toEqual([
      1, 2, 4, 8, 16, 32, 60, 60, 60,
    ]);
  });

  it("is shortened at random by up to half, never lengthened", () => {
    expect([backoffMs(1, 0), backoffMs(1, 0.5), backoffMs(3, 0.999_999)]).toEqual([
      1_000,
      750,
      expect.closeTo(2_000, 1),
    ]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (n, r) => {
          const pauseMs = backoffMs(n, r);
          expect(pauseMs).toBeGreaterThan(BACKOFF.baseMs / 2 - 1);
          expect(pauseMs).toBeLessThanOrEqual(BACKOFF.capMs);
        },
      ),
    );
  });
});
