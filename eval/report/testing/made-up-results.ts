import { MIB } from "../../../wasm/byte-units.ts";
import type {
  Curve,
  DensityRow,
  EvalResults,
  Frontier,
  Gap,
  HandoverGap,
  RunRow,
  ScenarioInfo,
} from "../../results.ts";

const DAY_MS = 86_400_000;
const STEP_MS = 120_000;

export const NO_RESULTS: EvalResults = {
  settings: { command: "npm run eval", seeds: [], extraCallsShare: 0.01, seconds: 0 },
  scenarios: [],
  runs: [],
  frontiers: [],
  gaps: [],
  handoverGaps: [],
  curves: [],
  density: [],
};

/** Results of each policy in a made-up scenario. `held` is a share of the memory of `never`; `extra` of its calls. */
const POLICIES: readonly { policy: string; held: number; extra: number; restarts: number }[] = [
  { policy: "never", held: 1, extra: 0, restarts: 0 },
  { policy: "uptime-60min", held: 0.76, extra: 0.005, restarts: 24 },
  { policy: "threshold-50%", held: 0.83, extra: 0.008, restarts: 17 },
  { policy: "ratio", held: 0.69, extra: 0.024, restarts: 83 },
  { policy: "oracle", held: 0.765, extra: 0.0013, restarts: 27 },
  { policy: "measured", held: 0.775, extra: 0.0012, restarts: 26 },
];

export interface MadeUp {
  readonly workloads?: readonly string[];
  readonly guests?: readonly string[];
  readonly ttlsMs?: readonly number[];
  readonly seeds?: readonly number[];
}

/** Formulas that look like the results of a day of load. Every combination of the options is a scenario. */
export function madeUpResults({
  workloads = ["diurnal"],
  guests = ["built-in"],
  ttlsMs = [300_000],
  seeds = [1, 2],
}: MadeUp = {}): EvalResults {
  const lossy = workloads.flatMap((workload) =>
    guests.flatMap((guest) => ttlsMs.map((ttlMs) => scenarioOf(workload, guest, ttlMs, false))),
  );
  const lossless = workloads.flatMap((workload) =>
    ttlsMs.map((ttlMs) => scenarioOf(workload, "built-in", ttlMs, true)),
  );
  const scenarios = [...lossy, ...lossless];
  return {
    settings: { command: "npm run eval", seeds, extraCallsShare: 0.01, seconds: 312 },
    scenarios,
    runs: scenarios.flatMap((scenario, index) => seeds.flatMap((seed) => runsOf(scenario, index, seed))),
    frontiers: lossy.flatMap(frontiersOf),
    gaps: lossy.flatMap((scenario, index) => seeds.map((seed) => gapOf(scenario, index, seed))),
    handoverGaps: lossless.flatMap((scenario) => seeds.map((seed) => handoverGapOf(scenario, seed))),
    curves: scenarios.flatMap(curvesOf),
    density: DENSITY,
  };
}

const DENSITY: readonly DensityRow[] = [
  { policy: "never", services: 11, peakBytes: 118 * MIB },
  { policy: "uptime-60min", services: 16, peakBytes: 120 * MIB },
  { policy: "ratio", services: 17, peakBytes: 121.5 * MIB },
  { policy: "measured", services: 18, peakBytes: 119.2 * MIB },
];

function scenarioOf(workload: string, guest: string, ttlMs: number, handover: boolean): ScenarioInfo {
  return {
    name: `${workload} T=${ttlMs / 1_000}s ${guest}${handover ? " handover" : ""}`,
    workload,
    recorded: false,
    guest,
    ttlMs,
    oneTtl: true,
    ttlCapMs: 2 * ttlMs,
    entryBytes: 2_048,
    handover,
    eviction: false,
    requests: 345_665,
    spanMs: DAY_MS,
  };
}

function neverBytes(scenario: ScenarioInfo): number {
  return (3 + scenario.ttlMs / 100_000 + scenario.guest.length / 10) * MIB;
}

function runsOf(scenario: ScenarioInfo, index: number, seed: number): RunRow[] {
  return POLICIES.map(({ policy, held, extra, restarts }) => ({
    scenario: scenario.name,
    seed,
    policy,
    handover: scenario.handover,
    share: 0.01,
    ttlChanges: false,
    real: policy === "measured",
    meanAllocatedBytes: neverBytes(scenario) * held,
    peakAllocatedBytes: neverBytes(scenario) * 1.1,
    meanRetiredBytes: 1_000 * restarts,
    meanHeldBytes: neverBytes(scenario) * held + 1_000 * restarts,
    floorBytes: neverBytes(scenario) * 0.65,
    cpuShare: restarts * 3e-7,
    meanRequiredBytes: neverBytes(scenario) * 0.6,
    requests: 345_665,
    hits: 310_000,
    outbound: Math.round(35_665 * (1 + extra)),
    extraOutbound: extra,
    extraOutboundWorstDay: extra,
    restarts,
    requiredError: policy === "measured" ? 0.03 : null,
    ttlKnownAfterMs: policy === "measured" ? 2 * scenario.ttlMs : null,
    ttlRatio: policy === "measured" ? 1 + 0.012 * (seed + (index % 3)) : null,
    ttlWorstRatio: policy === "measured" ? 1 + 0.021 * (seed + (index % 4)) : null,
    ttl: {
      finalMs: policy === "measured" ? scenario.ttlMs : null,
      firstMeasuredMs: policy === "measured" ? 2 * scenario.ttlMs : null,
      worstWhileMeasured: policy === "measured" ? 1 + 0.021 * (seed + (index % 4)) : null,
      longestOffMs: policy === "measured" ? 0 : null,
    },
  }));
}

function gapOf(scenario: ScenarioInfo, index: number, seed: number): Gap {
  const never = neverBytes(scenario);
  return {
    scenario: scenario.name,
    seed,
    extraOutbound: 0.0012,
    extraOutboundWorstDay: 0.0013,
    meanAllocatedBytes: never * 0.775,
    neverBytes: never,
    optimumBytes: never * (0.767 - 0.006 * (index % 7)),
    bestUptimeBytes: never * (0.82 - 0.004 * (index % 5)),
    withinShareBytes: never * 0.79,
    withinSharePolicy: "uptime-60min",
    gapClosed: 0.9,
  };
}

function handoverGapOf(scenario: ScenarioInfo, seed: number): HandoverGap {
  const never = neverBytes(scenario);
  return {
    scenario: scenario.name,
    seed,
    heldBytes: never * 0.7,
    neverBytes: never,
    ratioBytes: never * 0.95,
    timer5Bytes: never * 0.71,
    timer20Bytes: never * 0.73,
    timer60Bytes: never * 0.77,
    leastTimerBytes: never * 0.71,
    floorBytes: never * 0.68,
    cpuShare: 9e-5,
    restarts: 250,
  };
}

function frontiersOf(scenario: ScenarioInfo): Frontier[] {
  const along = (policy: string, least: number, start: number, bend: number, extras: readonly number[]): Frontier => ({
    scenario: scenario.name,
    policy,
    points: extras.map((extraOutbound) => ({
      extraOutbound,
      meanAllocatedBytes: neverBytes(scenario) * (least + (start - least) / (1 + extraOutbound / bend)),
    })),
  });
  return [
    along("optimum", 0.64, 1, 0.0006, [0, 0.0001, 0.0003, 0.0006, 0.0012, 0.002, 0.004, 0.008, 0.016, 0.03, 0.06]),
    along("uptime", 0.66, 1, 0.0017, [0.0006, 0.0012, 0.0025, 0.005, 0.01, 0.02, 0.05]),
    along("threshold", 0.72, 1, 0.004, [0.002, 0.004, 0.008, 0.02]),
  ];
}

function curvesOf(scenario: ScenarioInfo): Curve[] {
  const timesMs = Array.from({ length: DAY_MS / STEP_MS }, (_, index) => index * STEP_MS);
  const never = neverBytes(scenario);
  const requiredBytes = timesMs.map((timeMs) => never * (0.55 - 0.4 * Math.cos((2 * Math.PI * timeMs) / DAY_MS)));
  return POLICIES.filter(({ policy }) => !["oracle", "threshold-50%"].includes(policy)).map(({ policy, restarts }) => {
    const every = restarts > 0 ? Math.floor(timesMs.length / restarts) : Number.POSITIVE_INFINITY;
    let held = 0;
    return {
      scenario: scenario.name,
      policy,
      timesMs,
      allocatedBytes: requiredBytes.map((required, index) => {
        held = index % every === 0 ? required : Math.max(held, required);
        return Math.ceil(held / 65_536) * 65_536;
      }),
      requiredBytes,
      estimatedBytes: requiredBytes.map((required, index) =>
        index < 8 ? Number.NaN : required * (1.03 + 0.02 * Math.sin(index / 9)),
      ),
      hitRate: timesMs.map((_, index) => (index % every === 0 ? 0.6 : 0.9 + 0.02 * Math.sin(index / 3))),
    };
  });
}
