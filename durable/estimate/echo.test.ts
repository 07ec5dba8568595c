import { describe, expect, it } from "vitest";
import { MissEcho } from "./echo.ts";
import { OutboundCurve } from "./outbound-curve.ts";
import { ttlGrid } from "./ttl-grid.ts";

const grid = ttlGrid(10_000, 600_000);
const CAP_MS = 600_000;

/** A generation whose misses fall until the age of one TTL, and then rise again. */
function live(echo: MissEcho, startedMs: number, ttlMs: number, requests = 100, lossless = false): void {
  const curve = new OutboundCurve(startedMs);
  echo.started(lossless);
  for (let ageMs = 10_000; ageMs <= 1_200_000; ageMs += 10_000) {
    const phaseMs = ageMs % ttlMs;
    const missShare = 0.2 + 0.8 * Math.exp((-3 * phaseMs) / ttlMs);
    curve.push(startedMs + ageMs, Math.round(requests * missShare), requests);
    echo.update(curve, startedMs);
  }
}

describe("the echo of the misses", () => {
  it("gives the TTL within a tenth after two generations", () => {
    for (const ttlMs of [120_000, 300_000, 500_000]) {
      const echo = new MissEcho(grid);
      live(echo, 0, ttlMs);
      expect(echo.ttlMs(0, CAP_MS)).toBeUndefined();
      live(echo, 2_000_000, ttlMs);
      expect(Math.abs(echo.ttlMs(0, CAP_MS)! / ttlMs - 1)).toBeLessThan(0.1);
    }
  });

  it("gives no TTL outside of the given bounds", () => {
    const echo = new MissEcho(grid);
    for (const startedMs of [0, 2_000_000]) live(echo, startedMs, 300_000);
    // Twice the TTL is an echo too.
    expect(echo.ttlMs(400_000, 500_000)).toBeUndefined();
    expect(echo.ttlMs(0, 200_000)).toBeUndefined();
  });

  it("gives no TTL without traffic, or for instances that took over the cache", () => {
    const quiet = new MissEcho(grid);
    for (const startedMs of [0, 2_000_000]) live(quiet, startedMs, 300_000, 0);
    expect(quiet.ttlMs(0, CAP_MS)).toBeUndefined();
    const handed = new MissEcho(grid);
    for (const startedMs of [0, 2_000_000]) live(handed, startedMs, 300_000, 100, true);
    expect(handed.ttlMs(0, CAP_MS)).toBeUndefined();
  });

  it("gives no TTL when misses do not depend on age", () => {
    const echo = new MissEcho(grid);
    for (const startedMs of [0, 2_000_000, 4_000_000]) {
      const curve = new OutboundCurve(startedMs);
      echo.started(false);
      for (let ageMs = 10_000; ageMs <= 1_200_000; ageMs += 10_000) {
        curve.push(startedMs + ageMs, 30, 100);
        echo.update(curve, startedMs);
      }
    }
    expect(echo.ttlMs(0, CAP_MS)).toBeUndefined();
  });
});
