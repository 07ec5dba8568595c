import { restartSettings } from "../config/index.ts";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { guestModel } from "./guests/model.ts";
import { MEASURED, NEVER, type Opponent, opponents, RATIO } from "./opponents.ts";
import type { DensityRow } from "./results.ts";
import { simulate } from "./simulate.ts";
import { peakEntries } from "./workload/peak-entries.ts";
import { scenarioNamed } from "./workload/scenarios.ts";
import type { Workload } from "./workload/workload.ts";

const ISOLATE_BYTES = 128 * 1_024 * 1_024;
const DAY_MS = 86_400_000;
const STEP_MS = 60_000;
const TTL_MS = 300_000;
/** Peak of one service: 8 MiB. */
const PEAK_PAGES = 128;

/**
 * Counts the services that fit into one isolate. Each has the day of the diurnal scenario, shifted so that the peaks are
 * spread over the day. Runs two days and counts only the second, because the first starts with empty caches.
 */
export async function density(seed: number): Promise<DensityRow[]> {
  const day = scenarioNamed("diurnal").make(seed);
  const workload = twice(day);
  const entryBytes = Math.round((PEAK_PAGES * PAGE_BYTES) / peakEntries(day, TTL_MS)) - 64;
  const rows: DensityRow[] = [];
  for (const { opponent, handover } of contestants()) {
    const guest = guestModel("built-in", { ttlMs: TTL_MS, entryBytes }, workload.keyCount);
    const supervisor = opponent.make(restartSettings({ ttlCapMs: 7_200_000 }), seed, handover);
    const bytesAt = new Float64Array(DAY_MS / STEP_MS);
    await simulate(workload, guest, supervisor, { handover, evictAfterMs: undefined }, (nowMs, { allocatedBytes }) => {
      // Record the greatest allocation within each step of the second day.
      if (nowMs < DAY_MS) return;
      const step = Math.min(bytesAt.length - 1, Math.floor((nowMs - DAY_MS) / STEP_MS));
      bytesAt[step] = Math.max(bytesAt[step]!, allocatedBytes);
    });
    rows.push({ policy: handover ? `${opponent.name}, handover` : opponent.name, ...howMany(filled(bytesAt)) });
  }
  return rows;
}

function contestants(): { opponent: Opponent; handover: boolean }[] {
  const uptime = opponents(1).find(({ name }) => name === "uptime-60min")!;
  const plain = [NEVER, RATIO, uptime, MEASURED].map((opponent) => ({ opponent, handover: false }));
  return [...plain, { opponent: MEASURED, handover: true }];
}

/** The greatest number of shifted days whose total stays within the limit, and the peak of that total. */
export function howMany(bytesAt: Float64Array, limitBytes = ISOLATE_BYTES): { services: number; peakBytes: number } {
  let fits = { services: 0, peakBytes: 0 };
  for (let services = 1; services <= bytesAt.length; services += 1) {
    const peakBytes = peakOfSum(bytesAt, services);
    if (peakBytes > limitBytes) break;
    fits = { services, peakBytes };
  }
  return fits;
}

function peakOfSum(bytesAt: Float64Array, services: number): number {
  const steps = bytesAt.length;
  let peak = 0;
  for (let step = 0; step < steps; step += 1) {
    let sum = 0;
    for (let service = 0; service < services; service += 1) {
      sum += bytesAt[(step + Math.floor((service * steps) / services)) % steps]!;
    }
    peak = Math.max(peak, sum);
  }
  return peak;
}

/** Fills steps without a sample from the step before. */
function filled(bytesAt: Float64Array): Float64Array {
  let last = bytesAt.find((bytes) => bytes > 0) ?? 0;
  return bytesAt.map((bytes) => {
    if (bytes > 0) last = bytes;
    return last;
  });
}

function twice({ name, timesMs, keys, keyCount }: Workload): Workload {
  const both = new Float64Array(2 * timesMs.length);
  both.set(timesMs);
  both.set(
    timesMs.map((timeMs) => timeMs + DAY_MS),
    timesMs.length,
  );
  const bothKeys = new Int32Array(2 * keys.length);
  bothKeys.set(keys);
  bothKeys.set(keys, keys.length);
  return { name, timesMs: both, keys: bothKeys, keyCount };
}
