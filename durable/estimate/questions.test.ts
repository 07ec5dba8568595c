import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_QUESTIONS, Questions } from "./questions.ts";

const HOUR_MS = 3_600_000;

describe("the questions of outbound calls", () => {
  it("say nothing about a question that is new", () => {
    expect(new Questions(HOUR_MS).asked(7, 1_000)).toBeUndefined();
  });

  it("tell after what time a question was asked again", () => {
    const questions = new Questions(HOUR_MS);
    questions.asked(7, 1_000);
    questions.asked(8, 2_000);
    expect(questions.asked(7, 301_000)).toEqual({ afterMs: 300_000, lostAfterMs: undefined });
    expect(questions.asked(7, 601_500)).toMatchObject({ afterMs: 300_500, lostAfterMs: undefined });
  });

  it("tell how long an earlier answer lived at most, from one that was not lost", () => {
    const questions = new Questions(HOUR_MS);
    questions.asked(7, 0);
    expect(questions.asked(7, 300_000)).toMatchObject({ livedMs: undefined });
    expect(questions.asked(7, 610_000)).toMatchObject({ livedMs: 300_000 });
    questions.emptied(620_000);
    expect(questions.asked(7, 630_000)).toMatchObject({ livedMs: 310_000, lostAfterMs: 10_000 });
    expect(questions.asked(7, 930_000)).toMatchObject({ livedMs: 310_000, lostAfterMs: undefined });
  });

  it("tell how old an answer was when the cache was first lost after it", () => {
    const questions = new Questions(HOUR_MS);
    questions.asked(7, 1_000);
    questions.emptied(41_000);
    questions.emptied(51_000);
    expect(questions.asked(7, 61_000)).toEqual({ afterMs: 60_000, lostAfterMs: 40_000 });
    expect(questions.asked(7, 91_000)).toEqual({ afterMs: 30_000, lostAfterMs: undefined });
  });

  it("count a call at the moment of a loss as lost with the cache", () => {
    const questions = new Questions(HOUR_MS);
    questions.asked(7, 5_000);
    questions.emptied(5_000);
    expect(questions.asked(7, 6_000)).toEqual({ afterMs: 1_000, lostAfterMs: 0 });
  });

  it("are one question if they are asked in one moment, in whatever order they are answered", () => {
    const questions = new Questions(HOUR_MS);
    questions.asked(7, 10_000);
    for (const atMs of [10_000, 10_050, 9_000, 10_999]) expect(questions.asked(7, atMs)).toBe("not_kept");
    expect(questions.asked(7, 310_000)).toMatchObject({ afterMs: 300_000 });
  });

  it("are told as lost even a moment after they were asked", () => {
    const questions = new Questions(HOUR_MS);
    questions.asked(7, 10_000);
    questions.emptied(10_100);
    expect(questions.asked(7, 10_500)).toMatchObject({ afterMs: 500, lostAfterMs: 100 });
  });

  it("begin anew if the clock is set back, and learn from then on", () => {
    const questions = new Questions(HOUR_MS);
    questions.asked(7, 5 * HOUR_MS);
    questions.emptied(5 * HOUR_MS + 1);
    expect(questions.asked(7, 0)).toBe("not_kept");
    expect(questions.asked(7, 1_000)).toBeUndefined();
    expect(questions.asked(7, 301_000)).toMatchObject({ afterMs: 300_000, lostAfterMs: undefined });
  });

  it("are all kept again some time after a flood", () => {
    const questions = new Questions(HOUR_MS);
    const spread = (n: number) => Math.imul(n, 2_654_435_761) >>> 0;
    for (let n = 0; n < 70_000; n += 1) questions.asked(spread(n), n);
    expect(questions.share).toBeLessThan(0.1);
    for (let hour = 1; hour < 12; hour += 1) {
      for (let n = 0; n < 100; n += 1) questions.asked(spread(n), hour * 1.1 * HOUR_MS + n * 10_000);
    }
    expect(questions.share).toBe(1);
  });

  it("keep a share of the questions if there are too many, and see each repeat of those", () => {
    const questions = new Questions(HOUR_MS);
    const spread = (n: number) => Math.imul(n, 2_654_435_761) >>> 0;
    for (let n = 0; n < 20_000; n += 1) questions.asked(spread(n), n);
    const { share } = questions;
    expect(share).toBeLessThanOrEqual(0.25);
    let seen = 0;
    for (let n = 0; n < 20_000; n += 1) {
      const again = questions.asked(spread(n), 30_000 + n);
      if (again === "not_kept") continue;
      expect(again).toEqual({ afterMs: 30_000, lostAfterMs: undefined });
      seen += 1;
    }
    expect(Math.abs(seen / (20_000 * share) - 1)).toBeLessThan(0.05);
  });

  it("replace questions of long ago instead", () => {
    const questions = new Questions(1_000);
    for (let n = 0; n < 3 * MAX_QUESTIONS; n += 1) questions.asked(n, n);
    expect(questions.share).toBe(1);
    expect(questions.asked(3 * MAX_QUESTIONS - 1, 3 * MAX_QUESTIONS + 1_000)).toMatchObject({ afterMs: 1_001 });
    expect(questions.asked(0, 3 * MAX_QUESTIONS)).toBeUndefined();
  });

  it("give times of at least zero for any calls", () => {
    const event = fc.record({ question: fc.nat(20), atMs: fc.integer(), lost: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const questions = new Questions(HOUR_MS);
        for (const { question, atMs, lost } of events) {
          if (lost) questions.emptied(atMs);
          const again = questions.asked(question, atMs);
          if (again === undefined || again === "not_kept") continue;
          expect(again.afterMs).toBeGreaterThanOrEqual(0);
          if (again.lostAfterMs !== undefined) expect(again.lostAfterMs).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
