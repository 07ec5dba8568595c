import { expect, it } from "vitest";
import { noCounts } from "./counters.ts";
import { FilterMetrics } from "./filter-metrics.ts";
import { noOutcomes } from "./outcomes.ts";

function metricsOf(values: Record<string, number>, outcomes = noOutcomes()) {
  const metrics = { value: (name: string) => values[name] } as ConstructorParameters<typeof FilterMetrics>[0];
  return new FilterMetrics(metrics, outcomes);
}

it("counts each request that the filter passed undecided once, on top of earlier counts", () => {
  const values: Record<string, number> = {};
  const [metrics, counters] = [metricsOf(values), { ...noCounts(), failedOpen: 5 }];
  for (const [reported, counted] of [
    [undefined, 5],
    [2, 7],
    [2, 7],
    [3, 8],
  ] as const) {
    if (reported !== undefined) values.ebb_fail_open = reported;
    metrics.addTo(counters);
    expect(counters.failedOpen).toBe(counted);
  }
});

it("does not count down when a filter resets its metric", () => {
  const values: Record<string, number> = { ebb_fail_open: 4 };
  const [metrics, counters] = [metricsOf(values), noCounts()];
  metrics.addTo(counters);
  values.ebb_fail_open = 0;
  metrics.addTo(counters);
  values.ebb_fail_open = 1;
  metrics.addTo(counters);
  expect(counters.failedOpen).toBe(5);
});

it("knows how many decisions a credential has on average, once there are any", () => {
  expect(metricsOf({}).entriesPerCredential).toBeUndefined();
  expect(metricsOf({ ebb_cache_entries: 0, ebb_cache_credentials: 0 }).entriesPerCredential).toBeUndefined();
  expect(metricsOf({ ebb_cache_entries: 7, ebb_cache_credentials: 3 }).entriesPerCredential).toBe(2.3);
});

it("says of allows that no server gave them, if the filter passed them undecided or by an expired decision", () => {
  const outcomes = noOutcomes();
  const metrics = metricsOf({ ebb_fail_open: 4, ebb_cache_stale_served: 2 }, outcomes);
  Object.assign(outcomes.allowed, { cache: 7, server: 5, coalesced: 3 });
  metrics.addTo(noCounts());
  metrics.addTo(noCounts());
  expect(outcomes.allowed).toMatchObject({ cache: 7, server: 0, coalesced: 2, fail_open: 4, stale: 2 });
});

it("takes them from what was counted since it last looked: counts that were shown never go down", () => {
  const outcomes = noOutcomes();
  outcomes.allowed.server = 1_000;
  const values: Record<string, number> = {};
  const metrics = metricsOf(values, outcomes);
  metrics.addTo(noCounts());
  outcomes.allowed.server += 10;
  outcomes.allowed.coalesced += 140;
  values.ebb_fail_open = 150;
  metrics.addTo(noCounts());
  expect(outcomes.allowed).toMatchObject({ server: 1_000, coalesced: 0, fail_open: 150 });
});

it("waits for the count of an allow that the filter has told of already", () => {
  const outcomes = noOutcomes();
  const metrics = metricsOf({ ebb_cache_stale_served: 2 }, outcomes);
  outcomes.allowed.server = 1;
  metrics.addTo(noCounts());
  expect(outcomes.allowed).toMatchObject({ server: 0, stale: 1 });
  outcomes.allowed.server += 1;
  metrics.addTo(noCounts());
  expect(outcomes.allowed).toMatchObject({ server: 0, stale: 2 });
});
