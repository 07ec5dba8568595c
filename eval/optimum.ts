import { firstFrom } from "../durable/estimate/first-from.ts";
import { durationMs, type Workload } from "./workload/workload.ts";

/** The guest to plan for. Its entries live for one TTL from their write, and its memory depends only on their peak number. */
export interface PlannedGuest {
  readonly ttlMs: number;
  /** Linear memory in bytes of an instance that has held at most this many entries at once. Never falls with more entries. */
  readonly allocatedFor: (peakEntries: number) => number;
}

/** Maximum number of moments: five days of two minutes. Memory and work grow with its square. */
const MAX_MOMENTS = 3_600;

/** Restarts chosen with the whole future known, and their results. */
export interface Plan {
  readonly restartsMs: readonly number[];
  readonly meanAllocatedBytes: number;
  readonly peakAllocatedBytes: number;
  readonly outbound: number;
  /** Sum of the sizes of the instances that restarts ended. */
  readonly endedBytes: number;
}

/**
 * The exact offline optimum on a grid of moments (docs/model.md, point 11). Between two restarts, an instance depends only on
 * the requests. One run forward from each moment therefore gives the memory and the outbound calls of a generation from there
 * to any later moment. The cheapest chain of generations is a shortest path.
 */
export class OfflineOptimum {
  readonly #gridMs: number;
  readonly #moments: number;
  readonly #totalMs: number;
  /** Byte-milliseconds held by each possible generation, indexed by `#cell` like the next two arrays. */
  readonly #held: Float64Array;
  readonly #outbound: Int32Array;
  readonly #peakBytes: Float64Array;

  /** @param finestMs smallest distance between two moments; it is larger for long workloads */
  constructor(workload: Workload, guest: PlannedGuest, finestMs: number) {
    this.#totalMs = durationMs(workload);
    const gridMs = Math.max(finestMs, Math.ceil(this.#totalMs / MAX_MOMENTS));
    this.#gridMs = gridMs;
    this.#moments = Math.max(1, Math.ceil(this.#totalMs / gridMs));
    const cells = this.#moments * (this.#moments + 1);
    this.#held = new Float64Array(cells);
    this.#outbound = new Int32Array(cells);
    this.#peakBytes = new Float64Array(cells);
    const run = new ForwardRun(workload, guest);
    for (let start = 0; start < this.#moments; start += 1) {
      run.from(start * gridMs, gridMs, (step, held, outbound, bytes) => {
        const cell = this.#cell(start, start + step);
        this.#held[cell] = held;
        this.#outbound[cell] = outbound;
        this.#peakBytes[cell] = bytes;
      });
    }
  }

  /** The cheapest plan if one outbound call costs as much as `price` byte-milliseconds. */
  plan(price: number): Plan {
    const best = new Float64Array(this.#moments + 1).fill(Number.POSITIVE_INFINITY);
    const from = new Int32Array(this.#moments + 1);
    best[0] = 0;
    for (let end = 1; end <= this.#moments; end += 1) {
      for (let start = 0; start < end; start += 1) {
        const cell = this.#cell(start, end);
        const cost = best[start]! + this.#held[cell]! + price * this.#outbound[cell]!;
        if (cost < best[end]!) {
          best[end] = cost;
          from[end] = start;
        }
      }
    }
    return this.#follow(from);
  }

  /** The plan without a restart. */
  never(): Plan {
    return this.#follow(new Int32Array(this.#moments + 1));
  }

  #follow(from: Int32Array): Plan {
    const restartsMs: number[] = [];
    let held = 0;
    let outbound = 0;
    let peakAllocatedBytes = 0;
    let endedBytes = 0;
    for (let end = this.#moments; end > 0; end = from[end]!) {
      const cell = this.#cell(from[end]!, end);
      held += this.#held[cell]!;
      outbound += this.#outbound[cell]!;
      peakAllocatedBytes = Math.max(peakAllocatedBytes, this.#peakBytes[cell]!);
      if (end < this.#moments) endedBytes += this.#peakBytes[cell]!;
      if (from[end]! > 0) restartsMs.unshift(from[end]! * this.#gridMs);
    }
    // If all requests come at one moment, the run has no duration.
    const meanAllocatedBytes = this.#totalMs > 0 ? held / this.#totalMs : peakAllocatedBytes;
    return { restartsMs, meanAllocatedBytes, peakAllocatedBytes, outbound, endedBytes };
  }

  #cell(start: number, end: number): number {
    return start * (this.#moments + 1) + end;
  }
}

type OnStep = (steps: number, held: number, outbound: number, allocatedBytes: number) => void;

/** Simulates one generation after another over the same requests, in reused buffers. */
class ForwardRun {
  readonly #workload: Workload;
  readonly #guest: PlannedGuest;
  readonly #expiresMs: Float64Array;
  /** Expiry times of all writes of this generation, in order. */
  readonly #expiries: Float64Array;

  constructor(workload: Workload, guest: PlannedGuest) {
    this.#workload = workload;
    this.#guest = guest;
    this.#expiresMs = new Float64Array(workload.keyCount);
    this.#expiries = new Float64Array(workload.keys.length);
  }

  from(startMs: number, gridMs: number, onStep: OnStep): void {
    const { timesMs, keys } = this.#workload;
    const { ttlMs, allocatedFor } = this.#guest;
    const expiresMs = this.#expiresMs.fill(0);
    const expiries = this.#expiries;
    const totalMs = durationMs(this.#workload);
    let writes = 0;
    let expired = 0;
    let peak = 0;
    let bytes = allocatedFor(0);
    let held = 0;
    let heldUntilMs = startMs;
    let step = 1;
    let stepMs = Math.min(startMs + gridMs, totalMs);
    for (let index = firstFrom(timesMs, startMs); index < timesMs.length; index += 1) {
      const nowMs = timesMs[index]!;
      while (nowMs >= stepMs && stepMs < totalMs) {
        onStep(step, held + bytes * (stepMs - heldUntilMs), writes, bytes);
        step += 1;
        stepMs = Math.min(startMs + step * gridMs, totalMs);
      }
      const key = keys[index]!;
      if (expiresMs[key]! > nowMs) continue;
      while (expired < writes && expiries[expired]! <= nowMs) expired += 1;
      expiresMs[key] = nowMs + ttlMs;
      expiries[writes] = nowMs + ttlMs;
      writes += 1;
      if (writes - expired <= peak) continue;
      peak = writes - expired;
      const grown = allocatedFor(peak);
      if (grown === bytes) continue;
      held += bytes * (nowMs - heldUntilMs);
      heldUntilMs = nowMs;
      bytes = grown;
    }
    onStep(step, held + bytes * (totalMs - heldUntilMs), writes, bytes);
  }
}
