import { describe, expect, it } from "vitest";
import { unseenPrice } from "./unseen-price.ts";

describe("the price of a restart whose calls are not recognized", () => {
  it("is the calls beyond what the same requests would have made, less chance", () => {
    expect(unseenPrice({ requests: 1_000, outbound: 400 }, 0.8)).toBeCloseTo(200 - 60);
  });

  it("is nothing if the excess is chance", () => {
    expect(unseenPrice({ requests: 1_000, outbound: 220 }, 0.8)).toBe(0);
    expect(unseenPrice({ requests: 0, outbound: 0 }, 0.8)).toBe(0);
  });
});
