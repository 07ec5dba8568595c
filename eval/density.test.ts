import { expect, it } from "vitest";
import { howMany } from "./density.ts";

it("services that never give memory back fit as often as their peak fits", () => {
  expect(howMany(new Float64Array(24).fill(10), 100)).toEqual({ services: 10, peakBytes: 100 });
});

it("services whose peaks are spread over the day fit more often", () => {
  const day = Float64Array.from({ length: 24 }, (_, hour) => (hour < 6 ? 10 : 1));
  // Each service is at its peak for a quarter of the day: of 20 services, 5 hold 10 and 15 hold 1 at any time.
  expect(howMany(day, 100).services).toBeGreaterThan(20);
});

it("no service fits if one alone is too large", () => {
  expect(howMany(new Float64Array(24).fill(101), 100)).toEqual({ services: 0, peakBytes: 0 });
});
