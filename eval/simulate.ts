import { restartWorkMs } from "../durable/restart/work-account.ts";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import type { CacheGuest } from "./guests/cache-guest.ts";
import type { Reading, Supervisor } from "./supervisor.ts";
import { durationMs, type Workload } from "./workload/workload.ts";

export interface RunOptions {
  /** Whether the guest hands its live entries over to the next generation. */
  readonly handover: boolean;
  /** The platform evicts an object that has been idle for longer than this; undefined: never. */
  readonly evictAfterMs: number | undefined;
}

export interface RunResult {
  readonly meanAllocatedBytes: number;
  readonly peakAllocatedBytes: number;
  /** Mean of the guest's live bytes; NaN if unknown. */
  readonly meanRequiredBytes: number;
  readonly requests: number;
  readonly hits: number;
  readonly outbound: number;
  readonly restarts: readonly { timeMs: number; reason: string }[];
  /** Memory of ended instances until it is collected. */
  readonly meanRetiredBytes: number;
  /** Live entries in whole pages, and the fixed part; NaN if unknown. */
  readonly floorBytes: number;
  /** Work of the restarts, as a share of a core. */
  readonly cpuShare: number;
  /** Outbound calls in each tenth of an hour. */
  readonly outboundOver: readonly number[];
}

/** Called after each sample. */
export type OnSample = (nowMs: number, reading: Reading) => void;

const TICK_MS = 1_000;
/** An ended instance's memory is collected after about this time, because the product provokes a collection. */
export const RETIRED_MS = 1_500;
export const OUTBOUND_STEP_MS = 360_000;
/** Spreads keys over 32 bits, as hashes of questions are. */
const SPREAD = 2_654_435_761;

/**
 * Runs a workload through a guest in virtual time. As in the product, a sample is taken after an answer when it is due, and a
 * verdict to restart is carried out at once.
 */
export async function simulate(
  workload: Workload,
  guest: CacheGuest,
  supervisor: Supervisor,
  options: RunOptions,
  onSample?: OnSample,
): Promise<RunResult> {
  const { timesMs, keys } = workload;
  const { handover, evictAfterMs = Number.POSITIVE_INFINITY } = options;
  const memory = new TimeMean();
  const required = new TimeMean();
  const floor = new TimeMean();
  const outboundOver = new Array<number>(Math.ceil((durationMs(workload) + 1) / OUTBOUND_STEP_MS)).fill(0);
  const deniedFrom = workload.deniedFrom ?? Number.POSITIVE_INFINITY;
  let retiredByteMs = 0;
  let workMs = 0;
  const restarts: { timeMs: number; reason: string }[] = [];
  let requests = 0;
  let hits = 0;
  let lastMs = 0;
  let tickedMs = 0;

  const begin = (nowMs: number): void => {
    const bytes = guest.restart(nowMs, false);
    supervisor.started(nowMs, bytes);
    memory.set(nowMs, bytes);
  };
  const restart = (nowMs: number, reason: string): void => {
    const beforeBytes = guest.allocatedBytes;
    const afterBytes = guest.restart(nowMs, handover);
    supervisor.restarted(nowMs, reason, beforeBytes, afterBytes);
    retiredByteMs += beforeBytes * RETIRED_MS;
    workMs += restartWorkMs(handover ? afterBytes : 0);
    memory.set(nowMs, afterBytes);
    restarts.push({ timeMs: nowMs, reason });
  };

  begin(0);
  for (let index = 0; index < keys.length; index += 1) {
    const nowMs = timesMs[index]!;
    if (nowMs - lastMs > evictAfterMs) {
      // The evicted object holds no memory. A new one starts with this request.
      memory.set(lastMs + evictAfterMs, 0);
      required.set(lastMs + evictAfterMs, 0);
      floor.set(lastMs + evictAfterMs, 0);
      supervisor.evicted();
      begin(nowMs);
    }
    lastMs = nowMs;
    if (nowMs - tickedMs >= TICK_MS) {
      tickedMs = nowMs;
      guest.tick(nowMs);
    }
    const answered = guest.request(nowMs, keys[index]!);
    requests += 1;
    if (typeof answered === "boolean" ? answered : await answered) hits += 1;
    else {
      outboundOver[Math.floor(nowMs / OUTBOUND_STEP_MS)]! += 1;
      const key = keys[index]!;
      supervisor.called?.(Math.imul(key + 1, SPREAD) >>> 0, nowMs, key >= deniedFrom);
    }
    // After hits too: a filter may grow without a call.
    if (guest.allocatedBytes !== memory.value) memory.set(nowMs, guest.allocatedBytes);

    if (!supervisor.isDue(nowMs)) continue;
    const { allocatedBytes, liveBytes } = guest;
    required.set(nowMs, liveBytes);
    floor.set(nowMs, Math.ceil(liveBytes / PAGE_BYTES) * PAGE_BYTES);
    const reading = { allocatedBytes, liveBytes, requests, hits, outbound: requests - hits };
    const reason = supervisor.sample(nowMs, reading);
    onSample?.(nowMs, reading);
    if (reason !== undefined) restart(nowMs, reason);
  }

  const endMs = durationMs(workload);
  return {
    meanAllocatedBytes: memory.until(endMs),
    peakAllocatedBytes: memory.peak,
    meanRequiredBytes: required.until(endMs),
    requests,
    hits,
    outbound: requests - hits,
    restarts,
    meanRetiredBytes: endMs > 0 ? retiredByteMs / endMs : 0,
    floorBytes: floor.until(endMs),
    cpuShare: endMs > 0 ? workMs / endMs : 0,
    outboundOver,
  };
}

/** Mean over time of a quantity that is constant between changes. */
class TimeMean {
  #sum = 0;
  value = 0;
  #sinceMs = 0;
  peak = 0;

  set(nowMs: number, value: number): void {
    this.#sum += this.value * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.value = value;
    if (value > this.peak) this.peak = value;
  }

  until(endMs: number): number {
    return endMs > 0 ? (this.#sum + this.value * (endMs - this.#sinceMs)) / endMs : this.value;
  }
}
