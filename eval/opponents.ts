import type { RestartSettings } from "../config/index.ts";
import type { RestartPolicyName } from "../durable/restart/policies.ts";
import { PolicySupervisor, RuleSupervisor, type Supervisor } from "./supervisor.ts";

const MINUTE_MS = 60_000;
/** What grows back by chance is no surplus. */
const NOISE = 1.1;

/** Ages, in minutes, at which the swept `uptime` restarts. */
const UPTIMES_MIN = [5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720];
/** Sizes, as shares of what `never` grows to, at which the swept `threshold` restarts. */
const THRESHOLDS = [0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];
/** For how long, in seconds, the swept oracle carries a surplus as large as what lives, before it restarts. */
const ORACLE_PATIENCE_S = [300, 1_000, 3_000, 10_000, 30_000];
/** Shares of extra outbound calls that `measured` is swept over; its default is among them. */
export const SWEPT_SHARES = [0.001, 0.003, 0.01, 0.03];
export const DEFAULT_SHARE = 0.01;

/** One way of choosing restarts, made anew for each run. */
export interface Opponent {
  /** Rows of one family make one frontier. */
  readonly family: string;
  readonly name: string;
  make(settings: RestartSettings, seed: number, handover: boolean): Supervisor;
}

export const NEVER: Opponent = {
  family: "never",
  name: "never",
  make: (settings) => new RuleSupervisor("never", settings, () => false),
};

export const MEASURED: Opponent = policy("measured", "measured", {});
export const RATIO: Opponent = policy("ratio", "ratio", {});

/**
 * Everything that `never` is compared with.
 * @param peakBytes what `never` grows to
 */
export function opponents(peakBytes: number): Opponent[] {
  return [
    ...SWEPT_SHARES.map((extraCallsShare) =>
      extraCallsShare === DEFAULT_SHARE
        ? MEASURED
        : policy("measured", `measured-${100 * extraCallsShare}%`, { extraCallsShare }),
    ),
    RATIO,
    ...UPTIMES_MIN.map((minutes) =>
      rule("uptime", `uptime-${minutes}min`, (uptimeMs) => uptimeMs >= minutes * MINUTE_MS),
    ),
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
    make: (settings, seed, handover) => new PolicySupervisor(family, { ...settings, ...change }, handover, seed),
  };
}

type Rule = ConstructorParameters<typeof RuleSupervisor>[2];

function rule(family: string, name: string, judge: Rule): Opponent {
  return { family, name, make: (settings) => new RuleSupervisor(family, settings, judge) };
}

/**
 * Sees the live bytes, which no policy can, but not the future: it restarts once it has carried as much surplus as the
 * patience allows, counted anew where there is none. (No rule without foresight is sure to do better than twice the
 * optimum; this one is sure to do no worse, where losing an entry costs the same at all times.)
 */
function oracle(patienceS: number): Opponent {
  return {
    family: "oracle",
    name: `oracle-${patienceS}s`,
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
