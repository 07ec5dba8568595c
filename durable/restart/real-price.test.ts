import { describe, expect, it } from "vitest";
import { exponential, seededRandom } from "../../scripts/traffic/random.ts";
import { type FillCalls, RealPrice } from "./real-price.ts";

function fill(repeated: number, all: number, expected: number): FillCalls {
  return { repeated, debited: 40, all, expected };
}

describe("the real price of restarts", () => {
  it("is the repeats while the excess over many restarts agrees with them, whatever chance adds", () => {
    const price = new RealPrice();
    const random = seededRandom(3);
    for (let n = 0; n < 500; n += 1) {
      const chance = 20 * (exponential(random, 1) - 1);
      expect(price.of(fill(40, 440 + chance, 400))).toBe(40);
    }
  });

  it("is the excess if no repeat is recognized", () => {
    const price = new RealPrice();
    expect(price.of(fill(0, 600, 400))).toBe(200);
    expect(price.of(fill(0, 590, 400))).toBe(190);
  });

  it("is the excess once it is clearly greater over many restarts, though not in one", () => {
    const price = new RealPrice();
    const prices = Array.from({ length: 30 }, () => price.of(fill(30, 490, 400)));
    expect(prices[0]).toBe(30);
    expect(prices.at(-1)).toBe(90);
  });

  it("follows the excess down too, so that chance adds up to nothing", () => {
    const price = new RealPrice();
    for (let n = 0; n < 30; n += 1) price.of(fill(0, 600, 400));
    expect(price.of(fill(0, 380, 400))).toBe(-20);
  });

  it("stays the expected one while neither repeats nor the excess show anything", () => {
    const price = new RealPrice();
    for (let n = 0; n < 30; n += 1) {
      expect(price.of({ repeated: 0, debited: 40, all: 400, expected: n % 2 === 0 ? undefined : 400 })).toBe(40);
    }
  });

  it("is the repeats, none at times, if many restarts together show them", () => {
    const price = new RealPrice();
    for (let n = 0; n < 30; n += 1)
      price.of({ repeated: n % 3 === 0 ? 30 : 0, debited: 40, all: 400, expected: undefined });
    expect(price.of({ repeated: 0, debited: 40, all: 400, expected: undefined })).toBe(0);
    expect(price.of({ repeated: 30, debited: 40, all: 400, expected: undefined })).toBe(30);
  });

  it("is nothing if nothing was asked", () => {
    expect(new RealPrice().of(fill(0, 0, 0))).toBe(0);
  });
});
