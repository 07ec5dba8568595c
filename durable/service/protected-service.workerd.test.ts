import { describe, expect, it, vi } from "vitest";
import type { BuiltInServiceInput, OtherServiceInput } from "../../config/index.ts";
import asking from "../../test/workerd/guests/build/asking.wasm";
import barring from "../../test/workerd/guests/build/barring.wasm";
import unstartable from "../../test/workerd/guests/build/unstartable.wasm";
import { head, type LoneService, withService } from "../../test/workerd/lone-service.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { isolateSnapshot } from "../memory/isolate.ts";
import { TIME_LIMITS } from "../runtime/time-limits.ts";

/** Compares what a service reports with its actual state. */

const common = {
  route: { prefix: "/lone" },
  upstream: { binding: "UPSTREAM" },
  clusters: { auth: { binding: "AUTHORIZATION" } },
} as const;
const BUILT_IN: BuiltInServiceInput = {
  ...common,
  filter,
  authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", uri: "none" },
};
const OTHER: OtherServiceInput = { ...common, filter: asking, configuration: "", restart: { policy: "never" } };
const about = (user: number) => head(["authorization", `Bearer token-${user}`]);

describe("the isolate's memory ledger", () => {
  it("includes what an instance took over in a handover, before its first request", () =>
    withService(BUILT_IN, TIME_LIMITS, async (lone) => {
      const { service, authorization, isolate } = lone;
      authorization.alwaysAnswer(200);
      for (let n = 0; n < 4_000; n += 1) await service.decide(about(n));
      expect(await lone.service.restarts.byOperator("test")).toBe("restarted");
      const { bytes } = isolateSnapshot(isolate).live;
      expect(bytes).toBe(service.stats().allocatedBytes);
      expect(bytes).toBeGreaterThan(400_000);
    }));

  it("includes an instance that failed to start", () =>
    withService({ ...OTHER, filter: unstartable }, TIME_LIMITS, async ({ service, isolate }) => {
      await service.decide(head());
      expect(isolateSnapshot(isolate)).toMatchObject({ live: { count: 0 }, retired: { count: 1 } });
      expect(isolateSnapshot(isolate).retired.bytes).toBeGreaterThan(0);
    }));
});

describe("a purge of a filter that cannot purge", () => {
  it("replaces it and reports that the number of dropped decisions is unknown", () =>
    withService(OTHER, TIME_LIMITS, async ({ service }) => {
      await service.decide(head(["x-known", "yes"]));
      const { generation } = service.stats();
      expect(await service.purge(["token"])).toEqual({ purged: null, stored: false });
      expect(service.stats()).toMatchObject({ generation: generation + 1, purges: 1 });
    }));
});

describe("shared data of such a filter", () => {
  it("is removed by the purge, in memory and for the next life of the object", () =>
    withService({ ...OTHER, filter: barring, restart: { sampleIntervalMs: 1 } }, TIME_LIMITS, async (lone) => {
      const kindOf = async (of: LoneService, headers: string[] = []) => (await of.service.decide(head(headers))).kind;
      expect(await kindOf(lone, ["x-bar", "yes"])).toBe("respond");
      // Stored with the first sample.
      await vi.waitFor(async () => {
        expect(await kindOf(await lone.again())).toBe("respond");
      });
      await lone.service.purge();
      expect(await kindOf(lone)).toBe("continue");
      expect(await kindOf(await lone.again())).toBe("continue");
    }));
});

describe("the plan of a restart", () => {
  it("is within a few pages of what the restart frees", () =>
    withService(BUILT_IN, TIME_LIMITS, async (lone) => {
      const { service, authorization } = lone;
      authorization.alwaysAnswer(200);
      for (let n = 0; n < 8_000; n += 1) await service.decide(about(n));
      for (let n = 0; n < 7_000; n += 1) await service.purge([`token-${n}`]);
      const { freedBytes = 0, allocatedBytes = 0 } = service.restarts.plan() ?? {};
      expect(await lone.service.restarts.byOperator("test")).toBe("restarted");
      const freed = allocatedBytes - service.stats().allocatedBytes;
      expect(freed).toBeGreaterThan(200_000);
      expect(Math.abs(freed - freedBytes)).toBeLessThanOrEqual(4 * 65_536);
    }));
});
