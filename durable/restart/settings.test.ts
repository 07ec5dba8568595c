import { describe, expect, it } from "vitest";
import { builtInService, serviceOf } from "../../config/testing/inputs.ts";
import { DEFAULT_RESTART_SETTINGS, restartSettings } from "./settings.ts";

describe("the policies' settings", () => {
  it("are the configuration's where a user writes none", () => {
    const { policy, ...defaults } = serviceOf(builtInService()).restart;
    expect(policy).toBe("measured");
    expect(defaults).toEqual(DEFAULT_RESTART_SETTINGS);
    expect(restartSettings(defaults)).toEqual(DEFAULT_RESTART_SETTINGS);
  });

  it("are those that are given", () => {
    expect(restartSettings({ extraCallsShare: 0.05, ttlCapMs: 60_000 })).toEqual({
      ...DEFAULT_RESTART_SETTINGS,
      extraCallsShare: 0.05,
      ttlCapMs: 60_000,
      ttlDefaultMs: 60_000,
    });
  });
});
