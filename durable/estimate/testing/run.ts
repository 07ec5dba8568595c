import { type Learned, nothingLearned, observe, restartGeneration, startGeneration } from "../../restart/learned.ts";
import type { RestartPolicy, RestartVerdict } from "../../restart/policy.ts";
import { type Estimate, estimate } from "../estimate.ts";
import type { EstimateSettings } from "../settings.ts";
import { EstimateTrail } from "../trail.ts";
import { CacheGuest, type CacheGuestOptions } from "./cache-guest.ts";

/** What a simulated service went through at one sample. */
export interface Moment {
  /** Since the run began. */
  ageMs: number;
  estimate: Estimate;
  verdict: RestartVerdict;
  /** What the guest really needed. */
  requiredBytes: number;
}

/** Runs a service under a policy for a time: guest, estimate, verdict, restart. The first generation follows `learned`. */
export function runService(
  guestOptions: CacheGuestOptions,
  settings: EstimateSettings,
  policy: RestartPolicy,
  durationMs: number,
  before: Learned = nothingLearned("test"),
): { moments: Moment[]; learned: Learned } {
  let guest = new CacheGuest({ ...guestOptions, generation: (before.current?.number ?? 0) + 1 });
  const beganMs = guest.startedMs;
  let learned = startGeneration(before, { nowMs: beganMs, allocatedBytes: guest.startAllocatedBytes });
  const trail = new EstimateTrail(settings.binMs);
  const moments: Moment[] = [];

  while (guest.nowMs - beganMs < durationMs) {
    guest.step();
    const { nowMs, samples } = guest;
    const now = estimate(samples, learned, settings, nowMs);
    learned = observe(learned, now);
    const verdict = policy({ nowMs, estimate: now, previous: trail.all, history: learned, samples });
    trail.push(now);
    moments.push({ ageMs: nowMs - beganMs, estimate: now, verdict, requiredBytes: guest.requiredBytes });
    if (!verdict.restart) continue;

    const retired = guest;
    guest = new CacheGuest(
      {
        ...guestOptions,
        seed: guestOptions.seed + moments.length,
        startMs: nowMs,
        generation: now.generation + 1,
        requestsPerSecond: (ageMs) => guestOptions.requestsPerSecond(ageMs + nowMs - beganMs),
      },
      samples,
    );
    learned = restartGeneration(learned, {
      nowMs,
      reason: verdict.reason,
      allocatedBeforeBytes: retired.allocatedBytes,
      allocatedAfterBytes: guest.startAllocatedBytes,
    });
  }
  return { moments, learned };
}
