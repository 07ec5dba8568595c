import type { EvalResults, ScenarioInfo } from "../results.ts";

const USUAL_TTL_MS = 300_000;

/**
 * One scenario of each workload. It prefers no handover, then no eviction, then the built-in filter, then a TTL of 300 s.
 */
export function representatives(results: EvalResults): ScenarioInfo[] {
  return [...Map.groupBy(results.scenarios, ({ workload }) => workload).values()].map(
    (scenarios) => scenarios.toSorted((a, b) => unlikeness(a) - unlikeness(b))[0]!,
  );
}

function unlikeness(scenario: ScenarioInfo): number {
  const marks = [
    scenario.handover,
    scenario.eviction,
    !scenario.guest.startsWith("built-in"),
    scenario.ttlMs !== USUAL_TTL_MS,
  ];
  return marks.reduce((sum, differs, place) => sum + (differs ? 2 ** (marks.length - place) : 0), 0);
}

/** The scenario that the figures of docs/evaluation.md show: the diurnal day, or the one with the most requests. */
export function busyScenario(results: EvalResults): ScenarioInfo | undefined {
  const candidates = representatives(results);
  const diurnal = candidates.find(({ workload }) => workload === "diurnal");
  return diurnal ?? candidates.toSorted((a, b) => b.requests - a.requests)[0];
}
