import type { ScenarioInfo } from "../results.ts";
import type { ScenarioSummary } from "./summary.ts";
import { listText, plural, shownName } from "./text.ts";

/** Scenarios that are averaged together. Every average names its set, and every number of it is over the whole set. */
export interface ScenarioSet {
  /** `built-in filter (24 scenarios)`. */
  readonly label: string;
  /** What is in it: workloads, TTLs or guests. */
  readonly about: string;
  readonly summaries: readonly ScenarioSummary[];
}

const GUEST_SETS: Readonly<Record<string, string>> = {
  page: "other growth rules",
  doubling: "other growth rules",
  "plus-20-percent": "other growth rules",
  "arena-4-mib": "other growth rules",
  "size-classes": "size classes and sliding TTL",
  "sliding-ttl": "size classes and sliding TTL",
  "lazy-expiry": "lazy expiry and leak",
  leak: "lazy expiry and leak",
  "calls-nobody": "leak without calls",
};

export function setsOf(summaries: readonly ScenarioSummary[]): ScenarioSet[] {
  return [...Map.groupBy(summaries, ({ info }) => setName(info))].map(([name, same]) => ({
    label: `mean of ${name} (${plural(same.length, "scenario")})`,
    about: shownName(`${name}: ${listText(contents(same))}`),
    summaries: same,
  }));
}

/** Names of the sets, with the number of scenarios of each. */
export function setCounts(summaries: readonly ScenarioSummary[]): string {
  const groups = [...Map.groupBy(summaries, ({ info }) => setName(info))];
  return listText(groups.map(([name, same]) => `${name} ${same.length}`));
}

function setName(info: ScenarioInfo | undefined): string {
  if (info === undefined) return "others";
  if (info.recorded) return "recorded traces";
  if (info.guest !== "built-in")
    return Object.hasOwn(GUEST_SETS, info.guest) ? GUEST_SETS[info.guest]! : "another filter";
  if (info.workload === "low") return info.eviction ? "low traffic, evicted" : "low traffic";
  if (info.ttlCapMs < info.ttlMs) return "TTL above the cap";
  if (info.eviction) return "evicted objects";
  if (!info.oneTtl) return "several TTLs";
  return "built-in filter";
}

function contents(summaries: readonly ScenarioSummary[]): string[] {
  return [
    ...new Set(
      summaries.map(({ name, info }) => {
        if (info === undefined) return name;
        return info.guest === "built-in" ? info.workload : `${info.workload} with ${info.guest}`;
      }),
    ),
  ];
}
