import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { settingsWith } from "../testing/settings.ts";
import { withBackstops } from "./backstops.ts";
import { restartPolicy } from "./policies.ts";
import { keep, type RestartPolicy, restart } from "./policy.ts";
import { anySituation } from "./testing/hostile.ts";
import { situationOf } from "./testing/situation.ts";

const bounds = { minLifetimeMs: 60_000, maxUptimeMs: 604_800_000, hardLimitBytes: 64 * MIB };
const always: RestartPolicy = () => restart("threshold");
const never: RestartPolicy = () => keep("never");

const verdictAt = (uptimeMs: number, policy: RestartPolicy, change: Parameters<typeof situationOf>[0] = {}) =>
  withBackstops(policy, bounds)(situationOf({ ...change, estimate: { uptimeMs, ...change.estimate } }));

describe("a policy with backstops", () => {
  it("restarts no instance before the minimum lifetime, however large it is", () => {
    expect(verdictAt(59_999, always)).toEqual({ restart: false, reason: "minimum_lifetime" });
    expect(verdictAt(59_999, always, { estimate: { allocatedBytes: 1_000 * MIB } }).restart).toBe(false);
    expect(verdictAt(60_000, always)).toEqual({ restart: true, reason: "threshold" });
  });

  it("restarts an instance at the hard limit, or if it will be there by the next sample", () => {
    const holding = (mib: number, grownMib: number) =>
      verdictAt(60_000, never, { grownBytes: grownMib * MIB, estimate: { allocatedBytes: mib * MIB } });
    expect(holding(63, 0)).toEqual({ restart: false, reason: "never" });
    expect(holding(64, 0)).toEqual({ restart: true, reason: "hard_limit" });
    expect(holding(60, 4)).toEqual({ restart: true, reason: "hard_limit" });
  });

  it("restarts an instance at the maximum uptime, or up to a tenth earlier", () => {
    const week = bounds.maxUptimeMs;
    expect(verdictAt(week, never)).toEqual({ restart: true, reason: "maximum_uptime" });
    expect(verdictAt(week - 1, never).restart).toBe(false);
    expect(verdictAt(0.95 * week, never, { jitter: 0.5 }).restart).toBe(true);
    expect(verdictAt(0.95 * week, never, { jitter: 0.4 }).restart).toBe(false);
  });

  it("restarts an instance whose filter asks for it, but not before the minimum lifetime", () => {
    expect(verdictAt(60_000, never, { restartWanted: true })).toEqual({ restart: true, reason: "filter_asked" });
    expect(verdictAt(59_999, always, { restartWanted: true })).toEqual({ restart: false, reason: "minimum_lifetime" });
  });

  it("decides by itself within the limits", () => {
    expect(verdictAt(3_600_000, never)).toEqual({ restart: false, reason: "never" });
    expect(verdictAt(3_600_000, always).restart).toBe(true);
  });
});

describe("a policy of any name", () => {
  const names = fc.constantFrom(
    "measured" as const,
    "ratio" as const,
    "uptime" as const,
    "threshold" as const,
    "never" as const,
  );
  const anySettings = fc
    .record({
      minLifetimeMs: fc.nat(600_000),
      maxUptimeMs: fc.nat(1e9),
      hardLimitBytes: fc.nat(1e9),
      uptimeMs: fc.nat(1e7),
    })
    .map((given) => settingsWith({ collectMs: 0, thresholdBytes: 0, ...given }));

  it("never restarts before the minimum lifetime, in any situation", () => {
    fc.assert(
      fc.property(names, anySettings, anySituation, (name, settings, situation) => {
        const verdict = restartPolicy(name, settings)(situation);
        if (situation.estimate.uptimeMs < settings.minLifetimeMs) expect(verdict.restart).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it("gives the same verdict for the same situation", () => {
    fc.assert(
      fc.property(names, anySettings, anySituation, (name, settings, situation) => {
        const policy = restartPolicy(name, settings);
        expect(policy(situation)).toEqual(policy(situation));
      }),
    );
  });
});
