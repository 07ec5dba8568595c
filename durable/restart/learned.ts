import { type EstimatorState, NOTHING_KNOWN } from "../estimate/estimator-state.ts";
import type { CurrentGeneration, History } from "../estimate/history.ts";
import { type LossRecord, NO_LOSSES } from "../estimate/loss-cost.ts";
import { REMEMBERED_GENERATIONS } from "../estimate/paper/baseline.ts";
import type { PaperEstimate } from "../estimate/paper/paper-estimate.ts";
import { type CallAccount, EMPTY_ACCOUNT, noted } from "./call-account.ts";
import { deploymentOf, LISTED_STARTS, type StartReason, type StartRecord } from "./starts.ts";

/**
 * The learned state of a service, in its stored form. It survives restarts of the instance and evictions of the object. It
 * is immutable; each function here returns the next state.
 *
 * Order of calls: `nothingLearned` or `readLearned`, then `startGeneration` for the first instance since the object came
 * into memory, `observe` after every estimate, and `restartGeneration` for each later instance.
 */
export interface LearnedState extends History {
  readonly v: 1;
  /** The configuration that the state is valid for; another one may cache other entries for another time. */
  readonly configVersion: string;
  /** The deployment when the object last came into memory and started an instance, see starts.ts; undefined before any. */
  readonly deployment: string | undefined;
  /** The estimator's results. */
  readonly knowledge: EstimatorState;
  /** Outbound calls of the last 24 hours, and what restarts cost of them. */
  readonly account: CallAccount;
  /** CPU that restarts with handover may still take, in ms; see work-account.ts. */
  readonly workCreditMs: number;
  /** What past restarts really cost. */
  readonly losses: LossRecord;
  /** The newest starts, oldest first. */
  readonly starts: readonly StartRecord[];
  /** The newest restarts, oldest first. */
  readonly restarts: readonly RestartRecord[];
  /** Number of all restarts, including those no longer in the list. */
  readonly restartCount: number;
}

/** One line of the restart log. */
export interface RestartRecord {
  timeMs: number;
  /** The generation that ended. */
  generation: number;
  /** The policy's reason, or another cause such as "trap" or "operator". Machine-readable. */
  reason: string;
  /** Expected cost, in extra outbound calls. */
  priceCalls: number;
  allocatedBeforeBytes: number;
  allocatedAfterBytes: number;
}

/** Number of restarts kept in the log. */
export const LOGGED_RESTARTS = 50;

/** Longer reasons are cut, so that the stored state stays bounded. */
export const MAX_REASON_LENGTH = 100;

export function nothingLearned(configVersion: string): LearnedState {
  return {
    v: 1,
    configVersion,
    deployment: undefined,
    current: undefined,
    heldAfterCollectingBytes: [],
    lastTtlMs: undefined,
    knowledge: NOTHING_KNOWN,
    account: EMPTY_ACCOUNT,
    workCreditMs: 0,
    losses: NO_LOSSES,
    starts: [],
    restarts: [],
    restartCount: 0,
  };
}

/**
 * The part of the state that is valid under a configuration. Under the same one, everything. Under another one, only the
 * starts, restarts, deployment and numbering of generations, since its entries may have another size and TTL.
 */
export function underConfiguration(learned: LearnedState, configVersion: string): LearnedState {
  if (learned.configVersion === configVersion) return learned;
  const { deployment, current, starts, restarts, restartCount } = learned;
  return {
    ...nothingLearned(configVersion),
    deployment,
    current: current && {
      ...current,
      collectedBeforeMs: 0,
      collectedMs: 0,
      heldAfterCollectingBytes: undefined,
      ttlMs: undefined,
      peak: undefined,
    },
    starts,
    restarts,
    restartCount,
  };
}

/** Why the first instance starts after the object came into memory. */
export function firstStartReason(learned: LearnedState, workerVersion?: string): StartReason {
  const { configVersion, deployment, current } = learned;
  if (current === undefined) return "first_request";
  return deployment === deploymentOf(configVersion, workerVersion) ? "eviction" : "deployment";
}

/**
 * The state is written at most once a minute, and an object lives on for seconds after its last request. So for up to a
 * minute after the last stored time, an evicted instance was most likely still running and collecting.
 */
const UNRECORDED_MS = 60_000;

/**
 * The state after the first instance started since the object came into memory, new or after an eviction. The collected and
 * observed time of an evicted instance still counts. Everything else about the instance starts anew.
 */
export function startGeneration(
  learned: LearnedState,
  start: { nowMs: number; allocatedBytes: number; workerVersion?: string | undefined },
): LearnedState {
  const { current: evicted, knowledge } = learned;
  const { nowMs, allocatedBytes, workerVersion } = start;
  const unrecordedMs = evicted === undefined ? 0 : unrecorded(evicted, nowMs);
  const known = {
    ...learned,
    deployment: deploymentOf(learned.configVersion, workerVersion),
    knowledge: { ...knowledge, observedMs: knowledge.observedMs + unrecordedMs },
  };
  const reason = firstStartReason(learned, workerVersion);
  return nextGeneration(known, { nowMs, reason, allocatedBytes }, (evicted?.collectedMs ?? 0) + unrecordedMs);
}

function unrecorded(evicted: CurrentGeneration, nowMs: number): number {
  const lastKnownMs = evicted.startedMs + (evicted.collectedMs - evicted.collectedBeforeMs);
  const sinceMs = Math.max(0, nowMs - lastKnownMs) || 0;
  return Math.min(sinceMs, UNRECORDED_MS);
}

/** The state after a fresh instance replaced the current one. Logs the restart; the fresh instance collects anew. */
export function restartGeneration(
  learned: LearnedState,
  restart: {
    nowMs: number;
    reason: string;
    priceCalls: number;
    /** CPU that it took, in ms; see work-account.ts. */
    workMs: number;
    allocatedBeforeBytes: number;
    allocatedAfterBytes: number;
  },
): LearnedState {
  const record: RestartRecord = {
    timeMs: restart.nowMs,
    generation: learned.current?.number ?? 0,
    reason: restart.reason.slice(0, MAX_REASON_LENGTH),
    priceCalls: restart.priceCalls,
    allocatedBeforeBytes: restart.allocatedBeforeBytes,
    allocatedAfterBytes: restart.allocatedAfterBytes,
  };
  return {
    ...nextGeneration(
      learned,
      {
        nowMs: restart.nowMs,
        reason: restart.reason === "trap" ? "trap" : "restart",
        allocatedBytes: restart.allocatedAfterBytes,
      },
      0,
    ),
    account: noted(learned.account, restart.nowMs, 0, restart.priceCalls),
    workCreditMs: learned.workCreditMs - restart.workMs,
    restarts: [...learned.restarts, record].slice(-LOGGED_RESTARTS),
    restartCount: learned.restartCount + 1,
  };
}

/** Keeps the results of an estimate of the current generation. Ignores estimates of other generations. */
export function observe(learned: LearnedState, estimate: PaperEstimate): LearnedState {
  const { current } = learned;
  if (current === undefined || current.number !== estimate.generation) return learned;
  const measuredTtlMs = estimate.sources.ttl === "measured" ? estimate.ttlMs : undefined;
  return {
    ...learned,
    lastTtlMs: measuredTtlMs ?? learned.lastTtlMs,
    current: {
      ...current,
      collectedMs: Math.max(current.collectedMs, estimate.collectedMs),
      heldAfterCollectingBytes: estimate.heldAfterCollectingBytes,
      ttlMs: current.ttlMs ?? measuredTtlMs,
      peak: { ttlMs: estimate.ttlMs, outbound: estimate.maxOutboundInTtl },
    },
  };
}

function nextGeneration(
  learned: LearnedState,
  start: { nowMs: number; reason: StartReason; allocatedBytes: number },
  collectedBeforeMs: number,
): LearnedState {
  const held = learned.current?.heldAfterCollectingBytes;
  const number = (learned.current?.number ?? 0) + 1;
  const current: CurrentGeneration = {
    number,
    startedMs: start.nowMs,
    startAllocatedBytes: start.allocatedBytes,
    collectedBeforeMs,
    collectedMs: collectedBeforeMs,
    heldAfterCollectingBytes: undefined,
    ttlMs: undefined,
    peak: undefined,
  };
  const earlier = learned.heldAfterCollectingBytes;
  return {
    ...learned,
    current,
    heldAfterCollectingBytes: held === undefined ? earlier : [...earlier, held].slice(-REMEMBERED_GENERATIONS),
    starts: [...learned.starts, { generation: number, timeMs: start.nowMs, reason: start.reason }].slice(
      -LISTED_STARTS,
    ),
  };
}
