import type { RestartSettings } from "../config/index.ts";
import type { RestartPolicyName } from "../durable/restart/policies.ts";
import { PolicySupervisor, RuleSupervisor, type Supervisor } from "./supervisor.ts";

const MINUTE_MS = 60_000;
/** The oracle ignores a surplus of up to a tenth of the live bytes: it is noise. */
const NOISE = 1.1;

/** Instance ages in minutes at which the swept `uptime` restarts. */
const UPTIMES_MIN = [5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720];
/** Sizes at which the swept `threshold` restarts, as shares of the peak of `never`. */
const THRESHOLDS = [0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];
/** Seconds for which the swept oracle carries a surplus as large as the live bytes before it restarts. */
const ORACLE_PATIENCE_S = [300, 1_000, 3_000, 10_000, 30_000];
/** Shares of extra outbound calls over which `measured` is swept, including its default. */
export const SWEPT_SHARES = [0.001, 0.003, 0.01, 0.03];
export const DEFAULT_SHARE = 0.01;

/** One way to choose restarts. */
export interface Opponent {
  /** The rows of a family form one frontier. */
  readonly family: string;
  readonly name: string;
  /** The share of extra outbound calls that the operator allows. */
  readonly share: number;
  /** Whether it is `measured` or `ratio` with another setting than the default; see `Case.variantSeeds`. */
  readonly isVariant: boolean;
  /** Makes a new supervisor for one run. */
  make(settings: RestartSettings, seed: number, handover: boolean): Supervisor;
}

export const NEVER: Opponent = {
  family: "never",
  name: "never",
  share: DEFAULT_SHARE,
  isVariant: false,
  make: (settings) => new RuleSupervisor("never", settings, () => false),
};

export const MEASURED: Opponent = policy("measured", "measured", {});
export const RATIO: Opponent = policy("ratio", "ratio", {});
/** The other reading of the paper's baseline; see docs/model.md. */
const RATIO_REMEMBERED: Opponent = policy("ratio", "ratio-remembered", { baseline: "remembered" });

/** Instance ages in minutes of the timers with handover. */
export const HANDOVER_UPTIMES_MIN = [5, 20, 60];

/** All opponents except `never` with handover. No calls are lost, so there is nothing to sweep. */
export function handoverOpponents(): Opponent[] {
  return [MEASURED, RATIO, ...HANDOVER_UPTIMES_MIN.map(timer)];
}

/**
 * All opponents without handover, except `never` and `optimum`.
 * @param peakBytes peak of `never`
 */
export function opponents(peakBytes: number): Opponent[] {
  return [
    ...SWEPT_SHARES.map((extraCallsShare) =>
      extraCallsShare === DEFAULT_SHARE
        ? MEASURED
        : policy("measured", `measured-${100 * extraCallsShare}%`, { extraCallsShare }),
    ),
    RATIO,
    RATIO_REMEMBERED,
    ...UPTIMES_MIN.map(timer),
    ...THRESHOLDS.map((share) =>
      rule("threshold", `threshold-${100 * share}%`, (_, { allocatedBytes }) => allocatedBytes >= share * peakBytes),
    ),
    ...ORACLE_PATIENCE_S.map(oracle),
  ];
}

function policy(family: RestartPolicyName, name: string, change: Partial<RestartSettings>): Opponent {
  return {
    family,
    name,
    share: change.extraCallsShare ?? DEFAULT_SHARE,
    isVariant: Object.keys(change).length > 0,
    make: (settings, seed, handover) => new PolicySupervisor(family, { ...settings, ...change }, handover, seed),
  };
}

function timer(minutes: number): Opponent {
  return rule("uptime", `uptime-${minutes}min`, (uptimeMs) => uptimeMs >= minutes * MINUTE_MS);
}

type Rule = ConstructorParameters<typeof RuleSupervisor>[2];

function rule(family: string, name: string, judge: Rule): Opponent {
  return {
    family,
    name,
    share: DEFAULT_SHARE,
    isVariant: false,
    make: (settings) => new RuleSupervisor(family, settings, judge),
  };
}

/**
 * Sees the live bytes, which no policy can, but not the future. It restarts once its surplus over time exceeds the patience;
 * the sum starts again from 0 when there is no surplus. No rule without foresight can guarantee less than twice the cost of
 * the optimum. This rule guarantees twice the cost if losing an entry costs the same at all times.
 */
function oracle(patienceS: number): Opponent {
  return {
    family: "oracle",
    name: `oracle-${patienceS}s`,
    share: DEFAULT_SHARE,
    isVariant: false,
    make: (settings) => {
      let carried = 0;
      let lastMs = 0;
      return new RuleSupervisor("oracle", settings, (uptimeMs, { allocatedBytes, liveBytes }) => {
        const surplus = allocatedBytes - NOISE * liveBytes;
        const elapsedMs = uptimeMs < lastMs ? uptimeMs : uptimeMs - lastMs;
        lastMs = uptimeMs;
        carried = surplus > 0 ? carried + surplus * elapsedMs : 0;
        if (carried < patienceS * 1_000 * liveBytes) return false;
        carried = 0;
        return true;
      });
    },
  };
}
