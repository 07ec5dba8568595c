import type { EvalResults, ScenarioInfo } from "../results.ts";

const USUAL_TTL_MS = 300_000;

/** One scenario of each workload, with or without handover. It prefers no eviction, the built-in filter, and a TTL of 300 s. */
export function representatives(results: EvalResults, handover: boolean): ScenarioInfo[] {
  const half = results.scenarios.filter((scenario) => scenario.handover === handover);
  return [...Map.groupBy(half, ({ workload }) => workload).values()].map(
    (scenarios) => scenarios.toSorted((a, b) => unlikeness(a) - unlikeness(b))[0]!,
  );
}

function unlikeness(scenario: ScenarioInfo): number {
  const marks = [scenario.eviction, !scenario.guest.startsWith("built-in"), scenario.ttlMs !== USUAL_TTL_MS];
  return marks.reduce((sum, differs, place) => sum + (differs ? 2 ** (marks.length - place) : 0), 0);
}

/** The scenario that the figures of docs/evaluation.md show: the diurnal day. */
export function busyScenario(results: EvalResults, handover: boolean): ScenarioInfo | undefined {
  return representatives(results, handover).find(({ workload }) => workload === "diurnal");
}
