import type { PaperSettings } from "../../../config/index.ts";
import type { Samples } from "../../metrics/samples.ts";
import type { CurrentGeneration, History } from "../history.ts";
import { baselineBytes } from "./baseline.ts";
import { countsTtl } from "./counts-ttl.ts";
import { outboundInTtl } from "./outbound-window.ts";
import { ratioTtl, type TtlEstimate } from "./ratio-ttl.ts";
import { requiredBytes } from "./required.ts";

/**
 * Where a number comes from: `measured` in this generation, `estimated` from other numbers or earlier generations, or a
 * `default` while there is no evidence.
 */
export type Source = "measured" | "estimated" | "default";

/** While collecting, the policy does not judge, and the estimate is only shown. */
export type Phase = "collecting" | "judging";

/** The memory that one generation holds and needs at one moment, in the terms of docs/model.md. */
export interface PaperEstimate {
  generation: number;
  atMs: number;
  /** Since the instance started. */
  uptimeMs: number;
  /** Time collected so far; unlike the uptime, it continues after an eviction. */
  collectedMs: number;
  phase: Phase;
  allocatedBytes: number;
  /** Always from 0 to `allocatedBytes`. */
  requiredBytes: number;
  /** allocated - required. */
  surplusBytes: number;
  baselineBytes: number;
  /** This generation's size when its collection ended; undefined before that, and if it had no time left to collect. */
  heldAfterCollectingBytes: number | undefined;
  ttlMs: number;
  sources: { ttl: Source; required: Source; baseline: Source };
  /** N_T: outbound calls of the last TTL. Not a whole number if the window cuts a sample. */
  outboundInTtl: number;
  /** M_T: the greatest N_T of this generation. */
  maxOutboundInTtl: number;
}

/**
 * The estimate for the running generation by the paper's rule. Pure. Costs one pass over the samples and, until the TTL is
 * known, one over those of the generation's first `ttlCapMs`.
 *
 * Call it right after a sample: calls made since the last sample are unknown and do not count.
 *
 * @param presentBytes current size of the instance; by default its size at the last sample
 */
export function paperEstimate(
  samples: Samples,
  history: History,
  settings: Readonly<PaperSettings>,
  nowMs: number,
  presentBytes?: number,
): PaperEstimate {
  const atMs = Number.isFinite(nowMs) ? nowMs : (history.current?.startedMs ?? 0);
  const generation = history.current ?? notStarted(atMs);
  const first = samples.firstOf(generation.number);
  const sampledBytes =
    first < samples.length ? samples.allocatedBytesAt(samples.length - 1) : generation.startAllocatedBytes;
  const allocatedBytes = presentBytes ?? sampledBytes;

  const uptimeMs = Math.max(0, atMs - generation.startedMs);
  const collectedMs = Math.max(generation.collectedMs, generation.collectedBeforeMs + uptimeMs);
  const phase = history.current !== undefined && collectedMs >= settings.collectMs ? "judging" : "collecting";

  const ttl = ttlOf(samples, generation, history, settings);
  const calls = outboundInTtl(samples, generation, ttl.ttlMs, atMs);
  const required = requiredBytes(allocatedBytes, generation.startAllocatedBytes, calls);
  const collects = generation.collectedBeforeMs < settings.collectMs;
  const heldAfterCollectingBytes =
    generation.heldAfterCollectingBytes ?? (phase === "judging" && collects ? allocatedBytes : undefined);
  const held = { own: heldAfterCollectingBytes, earlier: history.heldAfterCollectingBytes };
  const baseline = baselineBytes(settings.baseline, held, allocatedBytes);

  return {
    generation: generation.number,
    atMs,
    uptimeMs,
    collectedMs,
    phase,
    allocatedBytes,
    requiredBytes: required.bytes,
    surplusBytes: allocatedBytes - required.bytes,
    baselineBytes: baseline.bytes,
    heldAfterCollectingBytes,
    ttlMs: ttl.ttlMs,
    sources: { ttl: ttl.source, required: required.source, baseline: baseline.source },
    outboundInTtl: calls.now,
    maxOutboundInTtl: calls.max,
  };
}

/** This generation's TTL if known, else the last one known, else the default. */
function ttlOf(
  samples: Samples,
  generation: CurrentGeneration,
  history: History,
  settings: Readonly<PaperSettings>,
): { ttlMs: number; source: Source } {
  if (generation.ttlMs !== undefined)
    return { ttlMs: Math.min(generation.ttlMs, settings.ttlCapMs), source: "measured" };
  const read = settings.literal === "counts" ? countsTtl : ratioTtl;
  const found: TtlEstimate = read(samples, generation, settings);
  if (found.source === "default" && history.lastTtlMs !== undefined) {
    return { ttlMs: Math.min(history.lastTtlMs, settings.ttlCapMs), source: "estimated" };
  }
  return found;
}

function notStarted(nowMs: number): CurrentGeneration {
  return {
    number: 0,
    startedMs: nowMs,
    startAllocatedBytes: 0,
    collectedBeforeMs: 0,
    collectedMs: 0,
    heldAfterCollectingBytes: undefined,
    ttlMs: undefined,
    peak: undefined,
  };
}
