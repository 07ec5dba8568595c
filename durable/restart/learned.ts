import { type EstimatorState, NOTHING_KNOWN } from "../estimate/estimator.ts";
import type { CurrentGeneration, History } from "../estimate/history.ts";
import { REMEMBERED_GENERATIONS } from "../estimate/paper/baseline.ts";
import type { PaperEstimate } from "../estimate/paper/paper-estimate.ts";
import { NO_PRICES, type PriceRecord } from "./price-record.ts";
import { deploymentOf, LISTED_STARTS, type StartReason, type StartRecord } from "./starts.ts";

/**
 * What a service's object has learned, in the form in which it is stored: it survives restarts of the instance and
 * evictions of the object. Values, never changed in place; each function here gives the next one.
 *
 * One life: `nothingLearned` or `readLearned`, then `startGeneration` for the first instance in this memory, `observe`
 * after every estimate, `restartGeneration` for each fresh instance after that.
 */
export interface LearnedState extends History {
  readonly v: 1;
  /** What was learned holds for this configuration; another one may cache other entries for another time. */
  readonly configVersion: string;
  /** Under which the object last came into memory and started an instance, see starts.ts; undefined before the first. */
  readonly deployment: string | undefined;
  /** What the estimator found out. */
  readonly knowledge: EstimatorState;
  /** Extra outbound calls that restarts may still cost, see credit.ts. */
  readonly creditCalls: number;
  /** What restarts were expected to cost, and did. */
  readonly prices: PriceRecord;
  /** The newest starts, oldest first. */
  readonly starts: readonly StartRecord[];
  /** The newest restarts, oldest first. */
  readonly restarts: readonly RestartRecord[];
  /** All restarts, also those that are no longer in the list. */
  readonly restartCount: number;
}

/** One line of the restart log. */
export interface RestartRecord {
  timeMs: number;
  /** The generation that ended. */
  generation: number;
  /** A policy's reason, or what else ended it: "trap", "operator". Machine-readable. */
  reason: string;
  /** What it was expected to cost, in extra outbound calls. */
  priceCalls: number;
  allocatedBeforeBytes: number;
  allocatedAfterBytes: number;
}

/** Restarts kept in the log. */
export const LOGGED_RESTARTS = 50;

/** A reason longer than this is cut, so that stored state stays bounded whatever a caller hands in. */
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
    creditCalls: 0,
    prices: NO_PRICES,
    starts: [],
    restarts: [],
    restartCount: 0,
  };
}

/**
 * What still holds under a configuration: all of it under the same one; under another only starts, restarts and the
 * numbering of generations, since its entries may be of another size and live for another time.
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

/** Why the first instance of an object that has just come into memory begins. */
export function firstStartReason(learned: LearnedState, workerVersion?: string): StartReason {
  const { configVersion, deployment, current } = learned;
  if (current === undefined) return "first_request";
  return deployment === deploymentOf(configVersion, workerVersion) ? "eviction" : "deployment";
}

/**
 * An object is written down at most once a minute, and lives on for seconds after its last request. So up to a minute
 * since the last that is known of an evicted instance, it was most likely there, and collecting.
 */
const UNRECORDED_MS = 60_000;

/**
 * The first instance of an object that has just come into memory, new or back from eviction. The time an evicted
 * instance had collected and observed counts on; its cache is gone, so all else about it starts over.
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

/** A fresh instance in place of the present one: logged, and it collects anew from its start. */
export function restartGeneration(
  learned: LearnedState,
  restart: {
    nowMs: number;
    reason: string;
    priceCalls: number;
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
    creditCalls: learned.creditCalls - restart.priceCalls,
    restarts: [...learned.restarts, record].slice(-LOGGED_RESTARTS),
    restartCount: learned.restartCount + 1,
  };
}

/** Keeps what an estimate of the present generation found out. One of another generation changes nothing. */
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
