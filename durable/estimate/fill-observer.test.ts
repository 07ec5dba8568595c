import { describe, expect, it } from "vitest";
import { FillObserver } from "./fill-observer.ts";
import { emptyGeneration } from "./observed-generation.ts";
import { OutboundCurve } from "./outbound-curve.ts";
import type { Ttl } from "./ttl.ts";
import { ttlGrid } from "./ttl-grid.ts";

const SAMPLE_MS = 10_000;
const TTL_MS = 160_000;
const MEASURED: Ttl = { ms: TTL_MS, confidence: "measured", beyondCap: false, minMs: TTL_MS, maxMs: TTL_MS };
/** Half as many calls as in a fill that no client repeats. */
const FULL_CALLS = 10;

/**
 * A cache that was full for two TTLs, was lost, and fills for one: twice the calls of a full cache in each sample.
 * @param requests in each sample while it fills; 100 while the one before was full
 */
function filled(requests: number, { ttl = MEASURED, isEmpty = true, samples = TTL_MS / SAMPLE_MS } = {}): FillObserver {
  const fills = new FillObserver();
  const demand = new OutboundCurve(0);
  for (let n = 1; n <= (2 * TTL_MS) / SAMPLE_MS; n += 1) demand.push(n * SAMPLE_MS, FULL_CALLS, 100);
  const lostAtMs = demand.endMs;
  fills.ended({ fromMs: 0, toMs: lostAtMs });
  fills.started(isEmpty);
  const generation = emptyGeneration(2, lostAtMs, 65_536, ttlGrid(SAMPLE_MS, 600_000));
  for (let n = 1; n <= samples; n += 1) {
    const timeMs = lostAtMs + n * SAMPLE_MS;
    generation.curve.push(timeMs, 2 * FULL_CALLS, requests);
    demand.push(timeMs, FULL_CALLS, requests);
    fills.update(generation, ttl, demand);
  }
  return fills;
}

describe("the shape of a fill", () => {
  it("is learned once a cache has filled for one TTL, as shares of the calls of the full one before", () => {
    expect(filled(100, { samples: TTL_MS / SAMPLE_MS - 1 }).shape).toBeUndefined();
    expect(filled(100).shape!.at(-1)).toBeCloseTo(2);
  });

  it("allows for the load if it differs a little", () => {
    expect(filled(125).shape!.at(-1)).toBeCloseTo(2 / 1.25);
  });

  it.each([131, 70])("is not learned if the load changes meanwhile: from 100 requests to %i", (requests) => {
    expect(filled(requests).shape).toBeUndefined();
  });

  it("is not learned while the TTL is not measured", () => {
    expect(filled(100, { ttl: { ...MEASURED, confidence: "bounded" } }).shape).toBeUndefined();
  });

  it("is not learned from a cache that took over its entries", () => {
    expect(filled(100, { isEmpty: false }).shape).toBeUndefined();
  });

  it("is learned from the first cache one TTL later, when it has shown what a full one asks", () => {
    const fills = new FillObserver();
    const generation = emptyGeneration(1, 0, 65_536, ttlGrid(SAMPLE_MS, 600_000));
    const { curve } = generation;
    const seen: boolean[] = [];
    for (let n = 1; n <= (2 * TTL_MS) / SAMPLE_MS; n += 1) {
      curve.push(n * SAMPLE_MS, n * SAMPLE_MS <= TTL_MS ? 30 : 20, 100);
      fills.update(generation, MEASURED, curve);
      seen.push(fills.shape !== undefined);
    }
    expect(seen.indexOf(true)).toBe((2 * TTL_MS) / SAMPLE_MS - 1);
    expect(fills.shape!.at(-1)).toBeCloseTo(1.5);
  });
});
