import { durationMs, type Workload } from "./workload/workload.ts";

/** What the guest is like whose restarts are planned: entries live one TTL from their write, memory follows their peak. */
export interface PlannedGuest {
  readonly ttlMs: number;
  /** Linear memory, in bytes, of an instance that has held at most so many entries at once. Never falls with its argument. */
  readonly allocatedFor: (peakEntries: number) => number;
}

/** Moments of a plan at the most, five days of two minutes: memory and work grow with their square. */
const MAX_MOMENTS = 3_600;

/** Restarts, chosen with the whole future known, and what they come to. */
export interface Plan {
  readonly restartsMs: readonly number[];
  readonly meanAllocatedBytes: number;
  readonly peakAllocatedBytes: number;
  readonly outbound: number;
}

/**
 * The exact offline optimum on a grid of moments (docs/model.md, identity 8). Between two restarts the instance is a function
 * of the requests alone, so one run forward from each moment tells what a generation from there to any later moment holds
 * and asks for; the cheapest chain of generations is then a shortest path.
 */
export class OfflineOptimum {
  readonly #gridMs: number;
  readonly #moments: number;
  readonly #totalMs: number;
  /** By start and end: byte-milliseconds held, and outbound calls made, from the start to the end. */
  readonly #held: Float64Array;
  readonly #outbound: Int32Array;
  readonly #peakBytes: Float64Array;

  /** @param finestMs between two moments; longer workloads have them further apart */
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

  /** The plan that is cheapest where one outbound call costs as much as `price` byte-milliseconds. */
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
    for (let end = this.#moments; end > 0; end = from[end]!) {
      const cell = this.#cell(from[end]!, end);
      held += this.#held[cell]!;
      outbound += this.#outbound[cell]!;
      peakAllocatedBytes = Math.max(peakAllocatedBytes, this.#peakBytes[cell]!);
      if (from[end]! > 0) restartsMs.unshift(from[end]! * this.#gridMs);
    }
    // All requests at one moment: nothing is held for any time.
    const meanAllocatedBytes = this.#totalMs > 0 ? held / this.#totalMs : peakAllocatedBytes;
    return { restartsMs, meanAllocatedBytes, peakAllocatedBytes, outbound };
  }

  #cell(start: number, end: number): number {
    return start * (this.#moments + 1) + end;
  }
}

type OnStep = (steps: number, held: number, outbound: number, allocatedBytes: number) => void;

/** One generation after another over the same requests, in buffers that are used again. */
class ForwardRun {
  readonly #workload: Workload;
  readonly #guest: PlannedGuest;
  readonly #expiresMs: Float64Array;
  /** Expiries of all writes of this generation, in order; those before `#expired` are over. */
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

/** Index of the first time that is not before `fromMs`. */
function firstFrom(timesMs: Float64Array, fromMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
