import { describe, expect, it } from "vitest";
import { estimateSettings } from "../estimate/settings.ts";
import { Samples } from "../metrics/samples.ts";
import { RestartController } from "./controller.ts";
import { nothingLearned } from "./learned.ts";
import type { RestartPolicy } from "./policy.ts";

const PAGE = 65_536;
const settings = estimateSettings({ sampleIntervalMs: 1_000 });
const keep: RestartPolicy = () => ({ restart: false, reason: "never" });

function controller(policy = keep) {
  const kept = { samples: new Samples(), learned: nothingLearned("v"), counts: { requests: 7, hits: 5, outbound: 2 } };
  const made = new RestartController(kept, settings, policy);
  made.started(0, PAGE);
  return made;
}

describe("the restart controller", () => {
  it("samples what was added since the last reading, not since the beginning of time", () => {
    const made = controller();
    made.sample(1_000, { allocatedBytes: 3 * PAGE, counts: { requests: 17, hits: 9, outbound: 8 } });
    made.sample(2_000, { allocatedBytes: 3 * PAGE, counts: { requests: 18, hits: 10, outbound: 8 } });
    expect(made.samples.recent(2)).toEqual([
      { generation: 1, timeMs: 1_000, allocatedBytes: 3 * PAGE, grownPages: 2, requests: 10, hits: 4, outbound: 6 },
      { generation: 1, timeMs: 2_000, allocatedBytes: 3 * PAGE, grownPages: 0, requests: 1, hits: 1, outbound: 0 },
    ]);
  });

  it("is due once the interval is over, and at once if the clock was set back", () => {
    const made = controller();
    expect([made.isDue(999), made.isDue(1_000), made.isDue(-1)]).toEqual([false, true, true]);
  });

  it("is due at once in a life that begins long after the last sample of an earlier one", () => {
    const samples = new Samples();
    samples.push({ generation: 1, timeMs: 5_000, allocatedBytes: 0, grownPages: 0, outbound: 0, requests: 0, hits: 0 });
    const kept = { samples, learned: nothingLearned("v"), counts: { requests: 0, hits: 0, outbound: 0 } };
    const made = new RestartController(kept, settings, keep);
    made.started(20_000, PAGE);
    expect(made.isDue(20_000)).toBe(true);
    expect(made.isDue(5_500)).toBe(false);
  });

  it("asks the policy after every sample and reports its verdict", () => {
    const made = controller(({ estimate }) =>
      estimate.allocatedBytes > PAGE
        ? { restart: true, reason: "required_fell" }
        : { restart: false, reason: "collecting" },
    );
    const counts = { requests: 7, hits: 5, outbound: 2 };
    expect(made.sample(1_000, { allocatedBytes: PAGE, counts })).toEqual({ restart: false, reason: "collecting" });
    expect(made.sample(2_000, { allocatedBytes: 2 * PAGE, counts })).toEqual({
      restart: true,
      reason: "required_fell",
    });
    expect(made.verdict).toEqual({ restart: true, reason: "required_fell" });
  });

  it("logs a restart and counts the growth of the fresh instance from its own start", () => {
    const made = controller();
    const counts = { requests: 7, hits: 5, outbound: 2 };
    made.sample(1_000, { allocatedBytes: 9 * PAGE, counts });
    made.restarted(1_500, "required_fell", 9 * PAGE, 2 * PAGE);
    made.sample(2_500, { allocatedBytes: 3 * PAGE, counts });
    expect(made.learned).toMatchObject({
      restartCount: 1,
      restarts: [
        { timeMs: 1_500, reason: "required_fell", allocatedBeforeBytes: 9 * PAGE, allocatedAfterBytes: 2 * PAGE },
      ],
    });
    expect(made.samples.at(1)).toMatchObject({ generation: 2, grownPages: 1 });
  });
});
