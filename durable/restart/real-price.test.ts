import { describe, expect, it } from "vitest";
import { exponential, seededRandom } from "../../scripts/traffic/random.ts";
import { RealPrice } from "./real-price.ts";

describe("the real price of restarts", () => {
  it("is the repeats while the excess over many restarts agrees with them, whatever chance adds", () => {
    const price = new RealPrice();
    const random = seededRandom(3);
    for (let n = 0; n < 500; n += 1) {
      const chance = 20 * (exponential(random, 1) - 1);
      expect(price.of({ repeated: 40, all: 440 + chance, expected: 400 })).toBe(40);
    }
  });

  it("is the excess if no repeat is recognized", () => {
    const price = new RealPrice();
    expect(price.of({ repeated: 0, all: 600, expected: 400 })).toBe(200);
    expect(price.of({ repeated: 0, all: 590, expected: 400 })).toBe(190);
  });

  it("is the excess once it is clearly greater over many restarts, though not in one", () => {
    const price = new RealPrice();
    const prices = Array.from({ length: 30 }, () => price.of({ repeated: 30, all: 490, expected: 400 }));
    expect(prices[0]).toBe(30);
    expect(prices.at(-1)).toBe(90);
  });

  it("follows the excess down too, so that chance adds up to nothing", () => {
    const price = new RealPrice();
    for (let n = 0; n < 30; n += 1) price.of({ repeated: 0, all: 600, expected: 400 });
    expect(price.of({ repeated: 0, all: 380, expected: 400 })).toBe(-20);
  });

  it("is nothing if nothing was asked", () => {
    expect(new RealPrice().of({ repeated: 0, all: 0, expected: 0 })).toBe(0);
  });
});
