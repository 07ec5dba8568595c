import type { RestartSettings } from "../../../config/index.ts";
import { Samples } from "../../metrics/samples.ts";
import { RestartController } from "../../restart/controller.ts";
import { type LearnedState, nothingLearned } from "../../restart/learned.ts";
import type { RestartPolicyName } from "../../restart/policies.ts";
import type { RestartVerdict } from "../../restart/policy.ts";
import { settingsWith } from "../../testing/settings.ts";
import type { Estimate } from "../estimate.ts";
import type { PaperEstimate } from "../paper/paper-estimate.ts";
import { CacheGuest, type CacheGuestOptions } from "./cache-guest.ts";

/** The state of a simulated service at one sample. */
export interface Moment {
  /** Since the run began. */
  ageMs: number;
  estimate: Estimate;
  paper: PaperEstimate;
  verdict: RestartVerdict;
  /** The verdict of the paper's rule, without backstops. */
  ratioVerdict: RestartVerdict;
  /** The guest's true required bytes. */
  requiredBytes: number;
}

export interface ServiceRun {
  guest: CacheGuestOptions;
  policy: RestartPolicyName;
  durationMs: number;
  settings?: Partial<RestartSettings>;
  handover?: boolean;
  /** What the controller is told of the calls. Default: the client that each is about. */
  questions?: "none" | "never equal";
  /** The learned state that the object starts with. */
  learned?: LearnedState;
}

/** Simulates a service under its controller: runs the guest, takes samples and carries out restarts. */
export function runService(run: ServiceRun): { moments: Moment[]; learned: LearnedState; outbound: number } {
  const { policy, durationMs, handover = false } = run;
  const settings = settingsWith({ ...run.settings });
  let asked = 0;
  const onCall = (client: number, nowMs: number): void => {
    asked += 1;
    if (run.questions === "none") return;
    controller.called(spread(run.questions === "never equal" ? asked : client), nowMs, "allowed");
  };
  let guest = new CacheGuest({ ...run.guest, onCall });
  const beganMs = guest.startedMs;
  const before = { requests: 0, hits: 0, outbound: 0 };
  const controller = new RestartController(
    { samples: new Samples(), learned: run.learned ?? nothingLearned("test"), counts: { ...before } },
    { policy, settings, handover, random: () => 0.5 },
  );
  controller.started(beganMs, guest.startAllocatedBytes);
  const counts = () => ({
    requests: before.requests + guest.counts.requests,
    hits: before.hits + guest.counts.hits,
    outbound: before.outbound + guest.counts.outbound,
  });
  const moments: Moment[] = [];

  while (guest.nowMs - beganMs < durationMs) {
    guest.step();
    const { nowMs } = guest;
    const verdict = controller.sample(nowMs, { allocatedBytes: guest.allocatedBytes, counts: counts() });
    moments.push({
      ageMs: nowMs - beganMs,
      estimate: controller.estimate(nowMs),
      paper: controller.paperEstimate(nowMs),
      verdict,
      ratioVerdict: controller.ratioVerdict!,
      requiredBytes: guest.requiredBytes,
    });
    if (!verdict.restart) continue;

    const retired = guest;
    const { transient } = run.guest;
    Object.assign(before, counts());
    guest = new CacheGuest({
      ...run.guest,
      onCall,
      seed: run.guest.seed + moments.length,
      startMs: nowMs,
      ...(transient && { transient: { ...transient, atMs: transient.atMs - (nowMs - beganMs) } }),
      requestsPerSecond: (ageMs) => run.guest.requestsPerSecond(ageMs + nowMs - beganMs),
    });
    controller.restarted(nowMs, verdict.reason, retired.allocatedBytes, guest.startAllocatedBytes);
  }
  return { moments, learned: controller.learned, outbound: counts().outbound };
}

/** Spreads small numbers over 32 bits, as hashes are. */
function spread(value: number): number {
  return Math.imul(value + 1, 2_654_435_761) >>> 0;
}

export function restartsOf(moments: readonly Moment[]): Moment[] {
  return moments.filter(({ verdict }) => verdict.restart);
}
