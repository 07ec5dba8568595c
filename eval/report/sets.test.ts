import { expect, it } from "vitest";
import type { ScenarioInfo } from "../results.ts";
import { setCounts, setsOf } from "./sets.ts";
import { summarize } from "./summary.ts";
import { madeUpResults, NO_RESULTS } from "./testing/made-up-results.ts";

const [usual] = madeUpResults().scenarios;
const summaries = (...infos: Partial<ScenarioInfo>[]) =>
  summarize({ ...NO_RESULTS, scenarios: infos.map((info, index) => ({ ...usual!, name: `s${index}`, ...info })) });

it("a set has scenarios that show the same thing, and says which", () => {
  const sets = setsOf(
    summaries(
      {},
      { workload: "sessions" },
      { workload: "low" },
      { workload: "low", eviction: true },
      { eviction: true },
      { ttlMs: 900_000 },
      { oneTtl: false },
      { guest: "doubling" },
      { guest: "calls-nobody", workload: "low" },
      { guest: "my-filter.wasm" },
      { recorded: true, workload: "a-trace" },
    ),
  );
  expect(sets.map(({ label }) => label)).toEqual([
    "mean of built-in filter (2 scenarios)",
    "mean of low traffic (1 scenario)",
    "mean of low traffic, evicted (1 scenario)",
    "mean of evicted objects (1 scenario)",
    "mean of TTL above the cap (1 scenario)",
    "mean of several TTLs (1 scenario)",
    "mean of other growth rules (1 scenario)",
    "mean of leak without calls (1 scenario)",
    "mean of another filter (1 scenario)",
    "mean of recorded traces (1 scenario)",
  ]);
  expect(sets[0]!.about).toBe("built-in filter: diurnal and sessions");
  expect(sets[6]!.about).toBe("other growth rules: diurnal with doubling");
});

it("the sets of a mean over several are counted", () => {
  expect(setCounts(summaries({}, {}, { guest: "page" }))).toBe("built-in filter 2 and other growth rules 1");
});
