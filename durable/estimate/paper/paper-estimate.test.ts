import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../../wasm/byte-units.ts";
import { Samples } from "../../metrics/samples.ts";
import { DEFAULT_SETTINGS } from "../../testing/settings.ts";
import { everyTenSeconds, generation, history, samplesOf } from "../testing/build.ts";
import { anyHistory, anySamples } from "../testing/hostile.ts";
import { runService } from "../testing/run.ts";
import { type PaperEstimate, paperEstimate } from "./paper-estimate.ts";

const MINUTE_MS = 60_000;

/** Samples from which no TTL can be derived. */
const quiet = samplesOf(everyTenSeconds([{ outbound: 1 }, { outbound: 1 }]));

describe("the paper's estimate", () => {
  it("collects until `collectMs` has passed, and judges from then on", () => {
    const at = (nowMs: number) => paperEstimate(quiet, history(), DEFAULT_SETTINGS, nowMs).phase;
    expect(at(899_999)).toBe("collecting");
    expect(at(900_000)).toBe("judging");
  });

  it("counts the time collected before an eviction", () => {
    const current = generation({ startedMs: 1_000_000, collectedBeforeMs: 600_000, collectedMs: 600_000 });
    const at = (nowMs: number) => paperEstimate(quiet, history({ current }), DEFAULT_SETTINGS, nowMs);
    expect(at(1_299_999)).toMatchObject({ phase: "collecting", uptimeMs: 299_999, collectedMs: 899_999 });
    expect(at(1_300_000).phase).toBe("judging");
  });

  it("keeps the collected time when the clock is set back", () => {
    const current = generation({ startedMs: 1_000_000, collectedMs: 900_000 });
    const found = paperEstimate(quiet, history({ current }), DEFAULT_SETTINGS, 5_000);
    expect(found).toMatchObject({ phase: "judging", uptimeMs: 0, collectedMs: 900_000 });
  });

  it("uses this generation's TTL, else the last one known, else the default", () => {
    const ttl = (change: Parameters<typeof history>[0]) => {
      const { ttlMs, sources } = paperEstimate(quiet, history(change), DEFAULT_SETTINGS, 20_000);
      return [ttlMs, sources.ttl];
    };
    expect(ttl({ current: generation({ ttlMs: 200_000 }), lastTtlMs: 300_000 })).toEqual([200_000, "measured"]);
    expect(ttl({ lastTtlMs: 300_000 })).toEqual([300_000, "estimated"]);
    expect(ttl({ lastTtlMs: 900_000 })).toEqual([600_000, "estimated"]);
    expect(ttl({})).toEqual([600_000, "default"]);
  });

  it("reads the TTL rule as ratios or by the letter", () => {
    const filling = Array.from({ length: 24 }, () => ({ outbound: 10, grownPages: 1 }));
    const full = Array.from({ length: 18 }, () => ({ outbound: 10 }));
    const samples = samplesOf(everyTenSeconds([...filling, ...full]));
    const ttl = (literal: "ratios" | "counts") =>
      paperEstimate(samples, history(), { ...DEFAULT_SETTINGS, literal }, 420_000).ttlMs;
    expect([ttl("ratios"), ttl("counts")]).toEqual([240_000, 60_000]);
  });

  it("reads the baseline as the generation's own size or as the one remembered", () => {
    const current = generation({ heldAfterCollectingBytes: 4 * PAGE_BYTES });
    const given = history({ current, heldAfterCollectingBytes: [9 * PAGE_BYTES] });
    const baseline = (reading: "generation" | "remembered") => {
      const settings = { ...DEFAULT_SETTINGS, baseline: reading };
      const { baselineBytes, sources } = paperEstimate(quiet, given, settings, 2_000_000);
      return [baselineBytes / PAGE_BYTES, sources.baseline];
    };
    expect(baseline("generation")).toEqual([4, "measured"]);
    expect(baseline("remembered")).toEqual([9, "estimated"]);
  });

  it("gives the generation's size when its collection ended", () => {
    const samples = samplesOf([{ timeMs: 890_000, outbound: 5, allocatedBytes: 9 * PAGE_BYTES, grownPages: 8 }]);
    const held = (change: Parameters<typeof generation>[0], nowMs: number) =>
      paperEstimate(samples, history({ current: generation(change) }), DEFAULT_SETTINGS, nowMs)
        .heldAfterCollectingBytes;
    expect(held({}, 899_999)).toBeUndefined();
    expect(held({}, 900_000)).toBe(9 * PAGE_BYTES);
    expect(held({ heldAfterCollectingBytes: 4 * PAGE_BYTES }, 2_000_000)).toBe(4 * PAGE_BYTES);
    // After an eviction with everything collected, no collection ended in this generation.
    expect(held({ collectedBeforeMs: 900_000, collectedMs: 900_000 }, 900_000)).toBeUndefined();
  });

  it("gives the start size if there is no sample", () => {
    const found = paperEstimate(new Samples(), history(), DEFAULT_SETTINGS, 0);
    expect(found).toMatchObject({
      allocatedBytes: PAGE_BYTES,
      requiredBytes: PAGE_BYTES,
      surplusBytes: 0,
      baselineBytes: PAGE_BYTES,
    });
    expect(found.sources).toEqual({ ttl: "default", required: "default", baseline: "default" });
  });

  it("is all zero and still collecting before an instance runs", () => {
    const found = paperEstimate(
      new Samples(),
      history({ current: undefined }),
      { ...DEFAULT_SETTINGS, collectMs: 0 },
      9e12,
    );
    expect(found).toMatchObject({ phase: "collecting", allocatedBytes: 0, requiredBytes: 0, collectedMs: 0 });
  });
});

describe("the paper's estimate of a guest whose load falls", () => {
  const load = (ageMs: number) => (ageMs < 20 * MINUTE_MS ? 30 : 5);
  const guest = { seed: 4, ttlMs: 5 * MINUTE_MS, requestsPerSecond: load };
  const { moments } = runService({ guest, policy: "never", durationMs: 60 * MINUTE_MS });
  const at = (minutes: number) => moments[minutes * 6 - 1]!;
  const errorOf = ({ paper: found, requiredBytes }: { paper: PaperEstimate; requiredBytes: number }) =>
    Math.abs(found.requiredBytes / requiredBytes - 1);

  it("follows the true required bytes within a tenth when the load rises and falls", () => {
    const judged = moments.filter(({ paper: { phase } }) => phase === "judging");
    expect(Math.max(...judged.map(errorOf))).toBeLessThan(0.1);
    expect(at(40).paper.requiredBytes).toBeLessThan(0.4 * at(20).paper.requiredBytes);
    expect(at(40).paper.allocatedBytes).toBe(at(20).paper.allocatedBytes);
  });

  it("gives the source of each number", () => {
    expect(at(1).paper.sources).toEqual({ ttl: "default", required: "estimated", baseline: "default" });
    expect(at(16).paper.sources).toEqual({ ttl: "measured", required: "estimated", baseline: "measured" });
  });

  it("stays correct when the ring buffer has lost the start of the generation and its peak", () => {
    const long = runService({ guest, policy: "never", durationMs: 200 * MINUTE_MS });
    const last = long.moments.at(-1)!;
    expect(long.moments.length).toBeGreaterThan(1_024);
    expect(last.paper.sources.ttl).toBe("measured");
    expect(errorOf(last)).toBeLessThan(0.1);
  });
});

describe("the paper's estimate of any samples", () => {
  const anyNow = fc.oneof(fc.double(), fc.integer({ min: 0, max: 20_000_000 }), fc.integer({ min: 0, max: 4e12 }));
  const anyReading = fc.record({
    baseline: fc.constantFrom("generation" as const, "remembered" as const),
    literal: fc.constantFrom("ratios" as const, "counts" as const),
  });

  it("has required and surplus within allocated, and only finite numbers", () => {
    fc.assert(
      fc.property(anySamples, anyHistory, anyReading, anyNow, (samples, given, reading, nowMs) => {
        const found = paperEstimate(samples, given, { ...DEFAULT_SETTINGS, ...reading }, nowMs);
        expect(Object.values(found).filter((value) => typeof value === "number" && !Number.isFinite(value))).toEqual(
          [],
        );
        expect(found.requiredBytes).toBeGreaterThanOrEqual(0);
        expect(found.baselineBytes).toBeGreaterThanOrEqual(0);
        expect(found.outboundInTtl).toBeGreaterThanOrEqual(0);
        expect(found.requiredBytes).toBeLessThanOrEqual(found.allocatedBytes);
        expect(found.surplusBytes).toBe(found.allocatedBytes - found.requiredBytes);
        expect(found.outboundInTtl).toBeLessThanOrEqual(found.maxOutboundInTtl);
        expect(found.ttlMs).toBeLessThanOrEqual(DEFAULT_SETTINGS.ttlCapMs);
      }),
      { numRuns: 1_000 },
    );
  });
});
