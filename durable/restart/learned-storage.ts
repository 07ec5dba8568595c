import { type EstimatorState, NOTHING_KNOWN } from "../estimate/estimator-state.ts";
import type { GrowthRule } from "../estimate/growth-rule.ts";
import type { CurrentGeneration } from "../estimate/history.ts";
import { AGE_CLASSES, type LossRecord, NO_LOSSES } from "../estimate/loss-cost.ts";
import { REMEMBERED_GENERATIONS } from "../estimate/paper/baseline.ts";
import { type AccountBucket, MAX_BUCKETS } from "./call-account.ts";
import {
  type LearnedState,
  LOGGED_RESTARTS,
  MAX_REASON_LENGTH,
  nothingLearned,
  type RestartRecord,
  underConfiguration,
} from "./learned.ts";
import { LISTED_STARTS, START_REASONS, type StartRecord } from "./starts.ts";

/** `LearnedState` as JSON text: some KB at most, since all its lists are bounded. */
export function writeLearned(learned: LearnedState): string {
  return JSON.stringify(learned);
}

/**
 * Reads the text of `writeLearned` for the current configuration. Never throws: an unreadable field counts as not learned,
 * and so does everything if the text cannot be read or has another version. Forgetting costs 15 minutes of collecting, but
 * throwing would keep the service from ever starting again.
 */
export function readLearned(stored: unknown, configVersion: string): LearnedState {
  const fields = fieldsOf(stored);
  if (fields?.v !== 1) return nothingLearned(configVersion);
  const restarts = listOf(fields.restarts, restartRecord, LOGGED_RESTARTS);
  return underConfiguration(
    {
      v: 1,
      configVersion: typeof fields.configVersion === "string" ? fields.configVersion : "",
      deployment: typeof fields.deployment === "string" ? fields.deployment : undefined,
      current: currentGeneration(fields.current),
      heldAfterCollectingBytes: listOf(fields.heldAfterCollectingBytes, amount, REMEMBERED_GENERATIONS),
      lastTtlMs: amount(fields.lastTtlMs),
      knowledge: knowledge(fields.knowledge),
      account: { buckets: listOf(isFields(fields.account) ? fields.account.buckets : undefined, bucket, MAX_BUCKETS) },
      workCreditMs: finite(fields.workCreditMs) ?? 0,
      losses: losses(fields.losses),
      starts: listOf(fields.starts, startRecord, LISTED_STARTS),
      restarts,
      restartCount: Math.max(amount(fields.restartCount) ?? 0, restarts.length),
    },
    configVersion,
  );
}

type Fields = Record<string, unknown>;

function fieldsOf(stored: unknown): Fields | undefined {
  let value = stored;
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  return isFields(value) ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function currentGeneration(value: unknown): CurrentGeneration | undefined {
  if (!isFields(value)) return undefined;
  const number = amount(value.number);
  if (number === undefined) return undefined;
  return {
    number,
    startedMs: amount(value.startedMs) ?? 0,
    startAllocatedBytes: amount(value.startAllocatedBytes) ?? 0,
    collectedBeforeMs: amount(value.collectedBeforeMs) ?? 0,
    collectedMs: amount(value.collectedMs) ?? 0,
    heldAfterCollectingBytes: amount(value.heldAfterCollectingBytes),
    ttlMs: amount(value.ttlMs),
    peak: peak(value.peak),
  };
}

function bucket(value: unknown): AccountBucket | undefined {
  if (!isFields(value)) return undefined;
  const [startMs, calls, spentCalls] = [amount(value.startMs), amount(value.calls), finite(value.spentCalls)];
  return startMs === undefined || calls === undefined || spentCalls === undefined
    ? undefined
    : { startMs, calls, spentCalls };
}

function knowledge(value: unknown): EstimatorState {
  if (!isFields(value)) return NOTHING_KNOWN;
  return {
    observedMs: amount(value.observedMs) ?? 0,
    ttlMs: positive(value.ttlMs),
    bytesPerEntry: positive(value.bytesPerEntry),
    fixedBytes: amount(value.fixedBytes),
    growthRule: growthRule(value.growthRule),
  };
}

function losses(value: unknown): LossRecord {
  if (!isFields(value)) return NO_LOSSES;
  const lostEntries = listOf(value.lostEntries, amount, AGE_CLASSES);
  const extraCalls = listOf(value.extraCalls, finite, AGE_CLASSES);
  return lostEntries.length === AGE_CLASSES && extraCalls.length === AGE_CLASSES
    ? { lostEntries, extraCalls }
    : NO_LOSSES;
}

/** A number that may be negative: an overdrawn credit, or a restart that seemed to save calls. */
function finite(value: unknown): number | undefined {
  return typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value + 0 : undefined;
}

/** Bounds of a plausible growth rule. */
const MIN_STEP_BYTES = 65_536;
const MIN_SHARE = 0.01;
const MAX_SHARE = 1_000;

function growthRule(value: unknown): GrowthRule | undefined {
  if (!isFields(value)) return undefined;
  const { kind } = value;
  const stepBytes = amount(value.stepBytes) ?? 0;
  const share = amount(value.share) ?? 0;
  // With a step or share near zero, the size computed by the rule would not be a finite number.
  if (kind === "arenas" && stepBytes >= MIN_STEP_BYTES) return { kind, stepBytes };
  if (kind === "proportional" && share >= MIN_SHARE && share <= MAX_SHARE) return { kind, share };
  return kind === "pages" ? { kind: "pages" } : undefined;
}

function positive(value: unknown): number | undefined {
  const number = amount(value);
  return number === 0 ? undefined : number;
}

function peak(value: unknown): CurrentGeneration["peak"] {
  if (!isFields(value)) return undefined;
  const ttlMs = amount(value.ttlMs);
  const outbound = amount(value.outbound);
  return ttlMs === undefined || outbound === undefined ? undefined : { ttlMs, outbound };
}

function startRecord(value: unknown): StartRecord | undefined {
  if (!isFields(value)) return undefined;
  const generation = amount(value.generation);
  const timeMs = amount(value.timeMs);
  const reason = START_REASONS.find((known) => known === value.reason);
  if (generation === undefined || timeMs === undefined || reason === undefined) return undefined;
  return { generation, timeMs, reason };
}

function restartRecord(value: unknown): RestartRecord | undefined {
  if (!isFields(value) || typeof value.reason !== "string") return undefined;
  const timeMs = amount(value.timeMs);
  const generation = amount(value.generation);
  const allocatedBeforeBytes = amount(value.allocatedBeforeBytes);
  const allocatedAfterBytes = amount(value.allocatedAfterBytes);
  if (timeMs === undefined || generation === undefined) return undefined;
  if (allocatedBeforeBytes === undefined || allocatedAfterBytes === undefined) return undefined;
  const reason = value.reason.slice(0, MAX_REASON_LENGTH);
  const priceCalls = amount(value.priceCalls) ?? 0;
  return { timeMs, generation, reason, priceCalls, allocatedBeforeBytes, allocatedAfterBytes };
}

/** The readable ones of the newest `max` items. */
function listOf<T>(value: unknown, read: (item: unknown) => T | undefined, max: number): T[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(-max)
    .map(read)
    .filter((item) => item !== undefined);
}

/** Bytes, a count or a time: a number from 0 that arithmetic cannot overflow. Turns -0 into 0, since JSON has no -0. */
function amount(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? Math.abs(value) : undefined;
}
