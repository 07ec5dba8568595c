import { describe, expect, it } from "vitest";
import { exponential, seededRandom } from "../../scripts/traffic/random.ts";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { settingsWith } from "../testing/settings.ts";
import { type EstimatorState, NOTHING_KNOWN } from "./estimator-state.ts";
import { GrowthSteps } from "./growth-steps.ts";
import { emptyGeneration, type ObservedGeneration, withWindowsAnew } from "./observed-generation.ts";
import { TtlWitnesses } from "./ttl-witnesses.ts";

const SAMPLE_MS = 10_000;
const FIXED_BYTES = 100_000;

/** Entries that live for `ttlMs` from now on, and how calls rise from sample to sample. */
interface Phase {
  readonly ttlMs: number;
  readonly bytesPerEntry: number;
  readonly samples: number;
  readonly fromCalls: number;
  readonly toCalls: number;
  /** Questions that come back in each sample, once answers of this phase have expired. */
  readonly repeats: number;
}

const RISING: Phase = { ttlMs: 60_000, bytesPerEntry: 2_000, samples: 200, fromCalls: 10, toCalls: 60, repeats: 3 };

/** A service as the witnesses see it: calls, repeats and page growth. */
class Service {
  readonly witnesses: TtlWitnesses;
  readonly changedAtMs: number[] = [];
  generation: ObservedGeneration;
  readonly #random = seededRandom(11);

  constructor(before: EstimatorState = NOTHING_KNOWN) {
    this.witnesses = new TtlWitnesses(settingsWith({ ttlCapMs: 3_600_000 }), new GrowthSteps(undefined), before);
    this.generation = emptyGeneration(1, 0, 2 * PAGE_BYTES, this.witnesses.grid);
    this.witnesses.started(0, true);
  }

  get nowMs(): number {
    return this.generation.curve.endMs;
  }

  run({ ttlMs, bytesPerEntry, samples, fromCalls, toCalls, repeats }: Phase, afterSample = () => {}): void {
    const beganMs = this.nowMs;
    for (let sample = 1; sample <= samples; sample += 1) {
      // Waves tell TTLs apart by growth: under an even rise, all windows rise alike.
      const wave = 1 + 0.5 * Math.sin(sample / 7);
      const calls = Math.round(wave * (fromCalls + (toCalls - fromCalls) * (sample / samples) ** 2));
      const nowMs = this.nowMs + SAMPLE_MS;
      this.generation.curve.push(nowMs, calls, 100);
      this.generation.windows.update(this.generation.curve);
      const interval = () => ttlMs + exponential(this.#random, 1 / 5_000);
      for (let n = 0; n < repeats && nowMs - beganMs > ttlMs; n += 1) this.witnesses.repeated(interval(), interval());
      if (this.witnesses.update(nowMs, 100)) {
        this.changedAtMs.push(nowMs);
        this.generation = withWindowsAnew(this.generation, this.witnesses.grid);
      }
      this.#grow(FIXED_BYTES + bytesPerEntry * this.generation.curve.callsIn(nowMs - ttlMs, nowMs));
      this.witnesses.updateGrowth(this.generation, 2 * PAGE_BYTES);
      afterSample();
    }
  }

  #grow(requiredBytes: number): void {
    const { generation } = this;
    const grownBytes = PAGE_BYTES * Math.ceil(Math.max(0, requiredBytes - generation.allocatedBytes) / PAGE_BYTES);
    if (grownBytes === 0) return;
    const step = { fromBytes: generation.allocatedBytes, grownBytes };
    if (generation.hasGrown) this.witnesses.grew(generation, step);
    generation.hasGrown = true;
    generation.allocatedBytes += grownBytes;
  }
}

const near = (value: number) => ({ above: 0.85 * value, below: 1.15 * value });

function expectNear(found: number | undefined, value: number): void {
  expect(found).toBeGreaterThan(near(value).above);
  expect(found).toBeLessThan(near(value).below);
}

describe("the TTL by two witnesses", () => {
  it("is shown by repeats before growth tells", () => {
    const service = new Service();
    service.run({ ...RISING, samples: 20, fromCalls: 10, toCalls: 10 });
    expectNear(service.witnesses.ttl.ms, 60_000);
    expect(service.witnesses.ttl.confidence).toBe("measured");
    expect(service.witnesses.line).toBeUndefined();
    expect(service.changedAtMs).toEqual([]);
  });

  it("is shown by growth if nobody comes back", () => {
    const service = new Service();
    service.run({ ...RISING, bytesPerEntry: 10_000, repeats: 0 });
    expect(service.witnesses.repeatedMs).toBeUndefined();
    expectNear(service.witnesses.ttl.ms, 60_000);
    expectNear(service.witnesses.line?.bytesPerEntry, 10_000);
  });

  it("is the stored one until repeats contradict it, which is a change", () => {
    const service = new Service({ ...NOTHING_KNOWN, ttlMs: 300_000 });
    expect(service.witnesses.ttl).toMatchObject({ ms: 300_000, confidence: "measured" });
    service.run(RISING);
    expectNear(service.witnesses.ttl.ms, 60_000);
    expect(service.changedAtMs).toHaveLength(1);
  });

  it("is no more than bounded if repeats show one beyond the cap", () => {
    const service = new Service();
    service.run({ ...RISING, ttlMs: 4_200_000, samples: 450, fromCalls: 1, toCalls: 1 });
    expect(service.witnesses.ttl).toMatchObject({ ms: 3_600_000, confidence: "bounded", beyondCap: true });
  });

  it("keeps the size of an entry when it becomes longer, until growth one new TTL later tells another", () => {
    const service = new Service();
    service.run(RISING);
    expectNear(service.witnesses.line?.bytesPerEntry, 2_000);
    const longer: Phase = {
      ...RISING,
      ttlMs: 300_000,
      bytesPerEntry: 4_000,
      samples: 400,
      fromCalls: 60,
      toCalls: 250,
    };
    service.run(longer, () => {
      if (service.witnesses.isChanging(service.nowMs)) expectNear(service.witnesses.line?.bytesPerEntry, 2_000);
    });
    // The old repeats fail to come, then the new ones come.
    expect(service.changedAtMs).toHaveLength(2);
    const lastMs = service.changedAtMs.at(-1)!;
    expect(service.witnesses.isChanging(lastMs + 0.8 * 300_000)).toBe(true);
    expect(service.witnesses.isChanging(lastMs + 1.2 * 300_000)).toBe(false);
    expectNear(service.witnesses.ttl.ms, 300_000);
    expectNear(service.witnesses.line?.bytesPerEntry, 4_000);
  });
});

describe("the TTL of one question", () => {
  it("is the shorter of two if its answers expired before the longer", () => {
    const service = new Service();
    service.run({ ...RISING, ttlMs: 600_000, fromCalls: 10, toCalls: 10 });
    const { witnesses } = service;
    const random = seededRandom(5);
    for (let sample = 1; sample <= 100; sample += 1) {
      for (const ttlMs of [60_000, 600_000]) {
        const interval = () => ttlMs + exponential(random, 1 / 5_000);
        for (let n = 0; n < 3; n += 1) witnesses.repeated(interval(), interval());
      }
      witnesses.update(service.nowMs + sample * SAMPLE_MS, 100);
    }
    expectNear(witnesses.ttl.ms, 600_000);
    expectNear(witnesses.shorterTtlMs, 60_000);
    expectNear(witnesses.ttlOf(62_000), 60_000);
    for (const livedMs of [undefined, 700_000]) expect(witnesses.ttlOf(livedMs)).toBe(witnesses.ttl.ms);
  });
});
