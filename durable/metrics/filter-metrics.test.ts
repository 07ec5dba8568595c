import { expect, it } from "vitest";
import { noCounts } from "./counters.ts";
import { FilterMetrics } from "./filter-metrics.ts";
import { noOutcomes } from "./outcomes.ts";

function metricsOf(values: Record<string, number>) {
  return new FilterMetrics({ value: (name: string) => values[name] } as ConstructorParameters<typeof FilterMetrics>[0]);
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
    metrics.addTo(counters, noOutcomes());
    expect(counters.failedOpen).toBe(counted);
  }
});

it("does not count down when a filter resets its metric", () => {
  const values: Record<string, number> = { ebb_fail_open: 4 };
  const [metrics, counters] = [metricsOf(values), noCounts()];
  metrics.addTo(counters, noOutcomes());
  values.ebb_fail_open = 0;
  metrics.addTo(counters, noOutcomes());
  values.ebb_fail_open = 1;
  metrics.addTo(counters, noOutcomes());
  expect(counters.failedOpen).toBe(5);
});

it("knows how many decisions a credential has on average, once there are any", () => {
  expect(metricsOf({}).entriesPerCredential).toBeUndefined();
  expect(metricsOf({ ebb_cache_entries: 0, ebb_cache_credentials: 0 }).entriesPerCredential).toBeUndefined();
  expect(metricsOf({ ebb_cache_entries: 7, ebb_cache_credentials: 3 }).entriesPerCredential).toBe(2.3);
});

it("says of allows that no server gave them, if the filter passed them undecided or by an expired decision", () => {
  const [metrics, outcomes] = [metricsOf({ ebb_fail_open: 4, ebb_cache_stale_served: 2 }), noOutcomes()];
  Object.assign(outcomes.allowed, { cache: 7, server: 5, coalesced: 3 });
  metrics.addTo(noCounts(), outcomes);
  metrics.addTo(noCounts(), outcomes);
  expect(outcomes.allowed).toMatchObject({ cache: 7, server: 0, coalesced: 2, fail_open: 4, stale: 2 });
});
