import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { Estimator } from "../estimate/estimator.ts";
import type { EstimatorState } from "../estimate/estimator-state.ts";
import { REMEMBERED_GENERATIONS } from "../estimate/paper/baseline.ts";
import { paperEstimate } from "../estimate/paper/paper-estimate.ts";
import { samplesOf } from "../estimate/testing/build.ts";
import { DEFAULT_SETTINGS } from "../testing/settings.ts";
import { creditCalls } from "./call-account.ts";
import {
  firstStartReason,
  type LearnedState,
  LOGGED_RESTARTS,
  nothingLearned,
  observe,
  restartGeneration,
  startGeneration,
  underConfiguration,
} from "./learned.ts";
import { readLearned, writeLearned } from "./learned-storage.ts";
import { LISTED_STARTS } from "./starts.ts";

const STARTED_MS = 1_000_000;

function started(): LearnedState {
  return startGeneration(nothingLearned("v1"), { nowMs: STARTED_MS, allocatedBytes: 2 * PAGE_BYTES });
}

/** `learned` after an estimate at `nowMs` from a single sample of this size. */
function observedAt(learned: LearnedState, nowMs: number, allocatedBytes = 8 * PAGE_BYTES): LearnedState {
  const generation = learned.current?.number ?? 0;
  const samples = samplesOf([{ generation, timeMs: nowMs, allocatedBytes, outbound: 10 }]);
  return observe(learned, paperEstimate(samples, learned, DEFAULT_SETTINGS, nowMs));
}

function estimatorOf(knowledge: EstimatorState): Estimator {
  const estimator = new Estimator(DEFAULT_SETTINGS, knowledge);
  estimator.started(1, STARTED_MS, PAGE_BYTES);
  const sample = { generation: 1, grownPages: 0, outbound: 50, requests: 100, hits: 50 };
  estimator.push({ ...sample, timeMs: STARTED_MS + 10_000, allocatedBytes: 3 * PAGE_BYTES });
  return estimator;
}

function restartedAt(learned: LearnedState, nowMs: number, reason = "required_fell"): LearnedState {
  return restartGeneration(learned, {
    nowMs,
    reason,
    priceCalls: 12,
    workMs: 30,
    allocatedBeforeBytes: 8 * PAGE_BYTES,
    allocatedAfterBytes: 2 * PAGE_BYTES,
  });
}

describe("the learned state", () => {
  it("numbers generations from 1", () => {
    expect(started().current?.number).toBe(1);
    expect(restartedAt(started(), STARTED_MS + 1).current?.number).toBe(2);
  });

  it("keeps the collected time and an unrecorded minute after an eviction, but not after a restart", () => {
    const collected = observedAt(started(), STARTED_MS + 500_000);
    const back = startGeneration(collected, { nowMs: 9_000_000, allocatedBytes: 2 * PAGE_BYTES });
    expect(back.current).toMatchObject({ number: 2, startedMs: 9_000_000, collectedBeforeMs: 560_000 });
    expect(back.knowledge.observedMs).toBe(60_000);
    expect(restartedAt(collected, 9_000_000).current).toMatchObject({ collectedBeforeMs: 0, collectedMs: 0 });
  });

  it("adds up the collected time over many evictions", () => {
    let learned = nothingLearned("v1");
    for (let round = 0; round < 20; round += 1) {
      learned = startGeneration(learned, { nowMs: round * 1e7, allocatedBytes: 2 * PAGE_BYTES });
      learned = observedAt(learned, round * 1e7 + 45_000);
    }
    expect(learned.current?.collectedMs).toBe(20 * 45_000 + 19 * 60_000);
  });

  it("adds no more unrecorded time than has passed, and none if the clock was set back", () => {
    const collected = observedAt(started(), STARTED_MS + 500_000);
    const backAt = (nowMs: number) => startGeneration(collected, { nowMs, allocatedBytes: 0 }).current?.collectedMs;
    expect(backAt(STARTED_MS + 515_000)).toBe(515_000);
    expect(backAt(STARTED_MS - 1)).toBe(500_000);
  });

  it("remembers a generation's size after collecting once that generation has ended", () => {
    const judged = observedAt(
      observedAt(started(), STARTED_MS + 900_000, 8 * PAGE_BYTES),
      STARTED_MS + 950_000,
      12 * PAGE_BYTES,
    );
    expect(judged.heldAfterCollectingBytes).toEqual([]);
    expect(restartedAt(judged, STARTED_MS + 960_000).heldAfterCollectingBytes).toEqual([8 * PAGE_BYTES]);
    const back = startGeneration(judged, { nowMs: 9_000_000, allocatedBytes: 2 * PAGE_BYTES });
    expect(back.heldAfterCollectingBytes).toEqual([8 * PAGE_BYTES]);
  });

  it("remembers no size of a generation that ended while collecting", () => {
    const collecting = observedAt(started(), STARTED_MS + 899_999);
    expect(restartedAt(collecting, STARTED_MS + 900_000).heldAfterCollectingBytes).toEqual([]);
  });

  it("remembers only the last generations and restarts, but counts all restarts", () => {
    let learned = started();
    for (let round = 1; round <= 60; round += 1) {
      learned = observedAt(learned, STARTED_MS + round * 1_000_000);
      learned = restartedAt(learned, STARTED_MS + round * 1_000_000, round === 60 ? "x".repeat(1_000) : "trap");
    }
    expect(learned.heldAfterCollectingBytes).toHaveLength(REMEMBERED_GENERATIONS);
    expect(learned.restarts).toHaveLength(LOGGED_RESTARTS);
    expect(learned.restartCount).toBe(60);
    expect(learned.restarts.at(-1)).toMatchObject({ generation: 60, timeMs: STARTED_MS + 60_000_000 });
    expect(writeLearned(learned).length).toBeLessThan(16 * 1_024);
  });

  it("keeps a measured TTL for later generations", () => {
    const samples = samplesOf(
      Array.from({ length: 60 }, (_, index) => ({
        timeMs: STARTED_MS + (index + 1) * 10_000,
        allocatedBytes: 9 * PAGE_BYTES,
        grownPages: index < 30 ? 1 : 0,
        outbound: 10,
      })),
    );
    const learned = observe(started(), paperEstimate(samples, started(), DEFAULT_SETTINGS, STARTED_MS + 600_000));
    expect(learned).toMatchObject({ lastTtlMs: 300_000, current: { ttlMs: 300_000 } });
    expect(restartedAt(learned, STARTED_MS + 700_000)).toMatchObject({
      lastTtlMs: 300_000,
      current: { ttlMs: undefined },
    });
  });

  it("ignores an estimate of a generation that has ended", () => {
    const learned = started();
    const late = paperEstimate(samplesOf([]), learned, DEFAULT_SETTINGS, STARTED_MS + 900_000);
    const next = restartedAt(learned, STARTED_MS + 900_000);
    expect(observe(next, late)).toBe(next);
  });

  it("lists why each of the newest generations started", () => {
    let learned = restartedAt(started(), STARTED_MS + 1, "required_fell");
    learned = restartedAt(learned, STARTED_MS + 2, "trap");
    learned = startGeneration(learned, { nowMs: STARTED_MS + 3, allocatedBytes: PAGE_BYTES });
    learned = startGeneration(learned, { nowMs: STARTED_MS + 4, allocatedBytes: PAGE_BYTES, workerVersion: "next" });
    expect(learned.starts).toEqual([
      { generation: 1, timeMs: STARTED_MS, reason: "first_request" },
      { generation: 2, timeMs: STARTED_MS + 1, reason: "restart" },
      { generation: 3, timeMs: STARTED_MS + 2, reason: "trap" },
      { generation: 4, timeMs: STARTED_MS + 3, reason: "eviction" },
      { generation: 5, timeMs: STARTED_MS + 4, reason: "deployment" },
    ]);
    for (let round = 0; round < 60; round += 1) learned = restartedAt(learned, STARTED_MS + 5);
    expect(learned.starts).toHaveLength(LISTED_STARTS);
    expect(learned.starts.at(-1)?.generation).toBe(learned.current?.number);
  });

  it("reports a deployment if the configuration or the Worker's version has changed since the last start", () => {
    const back = (learned: LearnedState, configVersion: string, workerVersion?: string) =>
      firstStartReason(readLearned(writeLearned(learned), configVersion), workerVersion);
    const unversioned = restartedAt(started(), STARTED_MS + 1);
    expect(back(unversioned, "v1")).toBe("eviction");
    expect(back(unversioned, "v2")).toBe("deployment");
    expect(back(unversioned, "v1", "a")).toBe("deployment");
    const versioned = startGeneration(unversioned, {
      nowMs: STARTED_MS,
      allocatedBytes: PAGE_BYTES,
      workerVersion: "a",
    });
    expect(back(versioned, "v1", "a")).toBe("eviction");
    expect(back(versioned, "v1", "b")).toBe("deployment");
    expect(back(versioned, "v1")).toBe("deployment");
    expect(back(nothingLearned("v1"), "v1", "b")).toBe("first_request");
  });

  it("stays valid under another version of the Worker with the same configuration", () => {
    const learned = observedAt(started(), STARTED_MS + 900_000);
    const deployed = startGeneration(learned, { nowMs: 9_000_000, allocatedBytes: PAGE_BYTES, workerVersion: "next" });
    expect(deployed.heldAfterCollectingBytes).toEqual([8 * PAGE_BYTES]);
  });

  it("keeps only the lists and the numbering under another configuration", () => {
    const learned = restartedAt(observedAt(started(), STARTED_MS + 900_000), STARTED_MS + 900_000);
    expect(underConfiguration(learned, "v1")).toBe(learned);
    const other = underConfiguration(observedAt(learned, STARTED_MS + 1_500_000), "v2");
    expect(other).toMatchObject({ configVersion: "v2", heldAfterCollectingBytes: [], restarts: learned.restarts });
    expect(other.starts).toEqual(learned.starts);
    expect(startGeneration(other, { nowMs: 9e6, allocatedBytes: 0 }).current).toMatchObject({
      number: 3,
      collectedBeforeMs: 60_000,
    });
  });
});

describe("the stored learned state", () => {
  it("is read as it was written", () => {
    const learned = observedAt(restartedAt(observedAt(started(), STARTED_MS + 900_000), 2_000_000), 3_000_000);
    expect(readLearned(writeLearned(learned), "v1")).toEqual(learned);
  });

  it("is read without an error into a usable state, for any stored value", () => {
    const hostile = fc.oneof(fc.anything(), fc.double(), fc.integer());
    const shaped = fc.record(
      {
        v: fc.constant(1),
        configVersion: fc.constant("v1"),
        current: fc.oneof(
          fc.anything(),
          fc.record({ number: fc.anything(), peak: fc.anything(), ttlMs: fc.anything() }),
        ),
        heldAfterCollectingBytes: fc.oneof(fc.anything(), fc.array(fc.anything())),
        lastTtlMs: fc.anything(),
        knowledge: fc.oneof(
          fc.anything(),
          fc.record(
            {
              observedMs: hostile,
              ttlMs: hostile,
              bytesPerEntry: hostile,
              fixedBytes: hostile,
              growthRule: fc.oneof(
                fc.anything(),
                fc.record({
                  kind: fc.constantFrom("pages", "arenas", "proportional", "other"),
                  stepBytes: hostile,
                  share: hostile,
                }),
              ),
            },
            { requiredKeys: [] },
          ),
        ),
        workCreditMs: hostile,
        account: fc.oneof(
          fc.anything(),
          fc.record({ buckets: fc.array(fc.record({ startMs: hostile, calls: hostile, spentCalls: hostile })) }),
        ),
        losses: fc.oneof(fc.anything(), fc.record({ lostEntries: fc.array(hostile), extraCalls: fc.array(hostile) })),
        deployment: fc.anything(),
        starts: fc.oneof(
          fc.anything(),
          fc.array(fc.record({ generation: hostile, timeMs: hostile, reason: fc.constantFrom("trap", "whim", 1) })),
        ),
        restarts: fc.oneof(fc.anything(), fc.array(fc.anything())),
        restartCount: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.json(), shaped), (stored) => {
        const learned = startGeneration(readLearned(stored, "v1"), { nowMs: STARTED_MS, allocatedBytes: PAGE_BYTES });
        expect(learned.current?.number).toBeGreaterThanOrEqual(1);
        expect(readLearned(writeLearned(learned), "v1")).toEqual(learned);
        const { knowledge, account, workCreditMs } = learned;
        expect(Number.isFinite(creditCalls(account, 0.01))).toBe(true);
        expect(Number.isFinite(workCreditMs)).toBe(true);
        const found = estimatorOf(knowledge).estimate(STARTED_MS);
        expect(Object.values(found).filter((value) => Number.isNaN(value))).toEqual([]);
        expect(found.ttlMs).toBeGreaterThan(0);
        expect(found.ttlMs).toBeLessThanOrEqual(DEFAULT_SETTINGS.ttlCapMs);
        expect(Number.isFinite(found.baselineBytes)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("keeps the estimator's state, the accounts and the costs", () => {
    const knowledge: EstimatorState = {
      observedMs: 1,
      ttlMs: 300_000,
      bytesPerEntry: 2_225.5,
      fixedBytes: 0,
      growthRule: { kind: "arenas", stepBytes: 4_194_304 },
    };
    const learned = {
      ...nothingLearned("v1"),
      knowledge,
      workCreditMs: -12.5,
      account: { buckets: [{ startMs: 1_800_000, calls: 20, spentCalls: -3 }] },
      losses: { lostEntries: [8, 7, 6, 5, 4, 3, 2, 1], extraCalls: [-1, 2, 3, 4, 5, 6, 7, 8] },
    };
    expect(readLearned(writeLearned(learned), "v1")).toEqual(learned);
  });

  it("drops impossible accounts, costs and estimator state", () => {
    const knowledge = {
      observedMs: -1,
      ttlMs: 0,
      bytesPerEntry: "2",
      fixedBytes: Number.NaN,
      growthRule: { kind: "arenas", stepBytes: 0 },
    };
    const read = readLearned(
      {
        ...nothingLearned("v1"),
        knowledge,
        workCreditMs: "5",
        account: { buckets: [{ startMs: -1, calls: 1, spentCalls: 0 }, { calls: 5 }, 7] },
        losses: { lostEntries: [1, 2], extraCalls: "none" },
      },
      "v1",
    );
    expect(read).toEqual(nothingLearned("v1"));
  });

  it("loses only unreadable fields", () => {
    const learned = restartedAt(observedAt(started(), STARTED_MS + 900_000), 2_000_000);
    const garbled = {
      ...learned,
      lastTtlMs: "soon",
      starts: [{ generation: 1, timeMs: 1, reason: "whim" }, ...learned.starts, { generation: -1 }],
      restarts: [{ timeMs: "now" }, ...learned.restarts, null],
    };
    expect(readLearned(garbled, "v1")).toEqual({ ...learned, lastTtlMs: undefined });
  });

  it("counts as nothing learned if its version is unknown", () => {
    expect(readLearned({ ...started(), v: 2 }, "v1")).toEqual(nothingLearned("v1"));
  });
});
