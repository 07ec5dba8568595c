import { performance } from "node:perf_hooks";
import { restartSettings } from "../config/index.ts";
import { Estimator } from "../durable/estimate/estimator.ts";
import { CacheGuest } from "../durable/estimate/testing/cache-guest.ts";
import { DEFAULT_CAPACITY, Samples } from "../durable/metrics/samples.ts";
import { RestartController } from "../durable/restart/controller.ts";
import { nothingLearned } from "../durable/restart/learned.ts";

/**
 * Measures the microseconds that a sample costs once the ring buffer is full: in the estimator alone (push the sample
 * and estimate once), and in the whole controller (which adds the paper's rule, credit, price and the verdict).
 */

const ROUNDS = 15;
const SAMPLES = 2_000;
const START_MS = 1_700_000_000_000;

/** Samples of a guest under a load that rises and falls, so that its memory grows and the estimator's windows move. */
const guest = new CacheGuest({
  seed: 1,
  ttlMs: 300_000,
  startMs: START_MS,
  requestsPerSecond: (ageMs) => 10 + 8 * Math.sin(ageMs / 3_600_000),
});
const recorded = Array.from({ length: DEFAULT_CAPACITY + SAMPLES }, () => {
  guest.step();
  return guest.samples.at(guest.samples.length - 1);
});
let estimates = 0;

function estimatorRound(): number {
  const estimator = new Estimator(restartSettings());
  estimator.started(1, START_MS, guest.startAllocatedBytes);
  for (const sample of recorded.slice(0, DEFAULT_CAPACITY)) estimator.push(sample);
  const startedMs = performance.now();
  for (const sample of recorded.slice(DEFAULT_CAPACITY)) {
    estimator.push(sample);
    estimates += estimator.estimate(sample.timeMs).requiredBytes > 0 ? 1 : 0;
  }
  return performance.now() - startedMs;
}

function controllerRound(): number {
  const controller = new RestartController(
    { samples: new Samples(), learned: nothingLearned("bench"), counts: { requests: 0, hits: 0, outbound: 0 } },
    { policy: "measured", settings: restartSettings(), handover: false, random: () => 0.5 },
  );
  controller.started(START_MS, guest.startAllocatedBytes);
  const counts = { requests: 0, hits: 0, outbound: 0 };
  let startedMs = 0;
  for (const [index, sample] of recorded.entries()) {
    if (index === DEFAULT_CAPACITY) startedMs = performance.now();
    counts.requests += sample.requests;
    counts.hits += sample.hits;
    counts.outbound += sample.outbound;
    estimates += controller.sample(sample.timeMs, { allocatedBytes: sample.allocatedBytes, counts }).restart ? 1 : 0;
  }
  return performance.now() - startedMs;
}

const contenders = { estimator: estimatorRound, controller: controllerRound };
const measured = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
for (let round = -2; round < ROUNDS; round += 1) {
  for (const [name, run] of Object.entries(contenders)) {
    const perSample = (run() * 1_000) / SAMPLES;
    // The first rounds warm up.
    if (round >= 0) measured.get(name)!.push(perSample);
  }
}
console.log(
  `microseconds a sample at ${DEFAULT_CAPACITY} samples, median of ${ROUNDS} rounds (${estimates} estimates)`,
);
for (const [name, rounds] of measured) {
  const median = rounds.toSorted((a, b) => a - b)[ROUNDS >> 1]!;
  console.log(`${name.padEnd(12)} ${median.toFixed(1).padStart(8)}`);
}
