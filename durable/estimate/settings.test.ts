import { describe, expect, it } from "vitest";
import { DEFAULT_SETTINGS, estimateSettings } from "./settings.ts";

describe("the estimator's settings", () => {
  it("are the paper's where nothing is given", () => {
    expect(estimateSettings()).toEqual(DEFAULT_SETTINGS);
  });

  it("let the default TTL follow a cap that is given alone", () => {
    expect(estimateSettings({ ttlCapMs: 30_000 }).ttlDefaultMs).toBe(30_000);
    expect(estimateSettings({ ttlCapMs: 3_600_000 }).ttlDefaultMs).toBe(3_600_000);
  });

  it("keep the default TTL below the cap", () => {
    expect(estimateSettings({ ttlCapMs: 30_000, ttlDefaultMs: 60_000 }).ttlDefaultMs).toBe(30_000);
  });
});
