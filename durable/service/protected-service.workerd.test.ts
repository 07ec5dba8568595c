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

describe("where each request has another path, which the server learns", () => {
  const traced: BuiltInServiceInput = {
    ...BUILT_IN,
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", unkeyedHeaders: ["traceparent"] },
  };
  /** Many requests of ten clients, after five minutes. */
  async function asked(
    input: BuiltInServiceInput,
    test: (lone: LoneService, warned: string[]) => void | Promise<void>,
  ) {
    let nowMs = 1_790_000_000_000;
    const warned: string[] = [];
    const warn = vi.spyOn(console, "warn").mockImplementation((line: string) => void warned.push(line));
    await withService(
      input,
      TIME_LIMITS,
      async (lone) => {
        lone.authorization.alwaysAnswer(200);
        for (let n = 0; n < 1_100; n += 1) {
          if (n === 1_000) nowMs += 300_000;
          const ask = head(["authorization", `Bearer token-${n % 10}`, "traceparent", `${n}`]);
          await lone.service.decide({ ...ask, path: `/lone/${n}` });
        }
        await test(lone, warned);
      },
      { nowMs: () => nowMs },
    ).finally(() => warn.mockRestore());
  }

  /** Two of ten credentials may look like one: the filter counts them by a few bits of random digests. */
  function expectAbout(found: number | null, expected: number): void {
    expect(found! / expected).toBeGreaterThan(0.85);
    expect(found! / expected).toBeLessThan(1.3);
  }

  it("/stats and one log line say that nearly every request is a miss, and what the key consists of", () =>
    asked(traced, ({ service }, warned) => {
      expect(service.stats()).toMatchObject({
        mostlyMisses: true,
        keyedBy: ["credential", "method", "host", "scheme", "path and query"],
      });
      expectAbout(service.stats().entriesPerCredential, 110);
      expect(warned).toEqual([
        expect.stringMatching(
          /^lone: only 0 of 1\d{3} requests .* kept for: credential, method, .* uri: "rule", unkeyed/,
        ),
      ]);
    }));

  it("nothing is said where the path is not part of the key, or the header that differs is not", () =>
    asked({ ...traced, authorization: { ...traced.authorization, uri: "none" } as never }, ({ service }, warned) => {
      expect(service.stats()).toMatchObject({ mostlyMisses: false, hits: 1_090 });
      expectAbout(service.stats().entriesPerCredential, 1);
      expect(warned).toEqual([]);
    }));

  it("a filter of another kind has no key that Ebb knows", () =>
    withService(OTHER, TIME_LIMITS, async ({ service }) => {
      await service.decide(head(["x-known", "yes"]));
      expect(service.stats()).toMatchObject({ keyedBy: null, entriesPerCredential: null, mostlyMisses: false });
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
