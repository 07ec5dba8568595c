import type { EvalResults, ScenarioInfo } from "../results.ts";

const USUAL_TTL_MS = 300_000;

/**
 * One scenario of each workload, for where there is no room for all: with the built-in filter, a TTL of 300 s and
 * neither handover nor eviction, or as near to that as there is.
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

/** The day that stands for all others in the README: the diurnal one, or the workload with the most requests. */
export function busyScenario(results: EvalResults): ScenarioInfo | undefined {
  const candidates = representatives(results);
  const diurnal = candidates.find(({ workload }) => workload === "diurnal");
  return diurnal ?? candidates.toSorted((a, b) => b.requests - a.requests)[0];
}
