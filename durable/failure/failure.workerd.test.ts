import { describe, expect, it } from "vitest";
import { ask, pass, requestsUpstream, statsOf } from "../../test/workerd/client.ts";
import { BACKOFF } from "./backoff.ts";

/** The effect on clients of a filter that traps, does not start or never resumes, and its cost. */

const reason = (response: Response) => [response.status, response.headers.get("x-ebb-reason")];
const live = (service: string) => ask(`/${service}/live`);
const die = (service: string) => ask(`/${service}/die`, undefined, { headers: { "x-die": "now" } });

describe("a request of death", () => {
  it("is answered 503, and the next request gets a fresh instance at once", async () => {
    expect((await live("mortal")).status).toBe(200);
    expect(reason(await die("mortal"))).toEqual([503, "filter_failed"]);
    expect((await live("mortal")).status).toBe(200);
    expect(await statsOf("mortal")).toMatchObject({
      traps: 1,
      failuresInARow: 1,
      startReason: "trap",
      restartCount: 1,
    });
  });

  it("repeated starts an instance only after increasing pauses, not each time", async () => {
    const { generation } = await statsOf("mortal");
    for (let n = 0; n < 50; n += 1) expect((await die("mortal")).status).toBe(503);
    expect(reason(await live("mortal"))).toEqual([503, "filter_backoff"]);
    expect((await statsOf("mortal")).generation).toBe(generation);

    let starts = 0;
    for (let second = 0; second < 120; second += 1) {
      pass(1_000);
      if (reason(await die("mortal"))[1] === "filter_failed") starts += 1;
    }
    // 1, 2, 4, 8, 16, 32 s and then 60 s, each up to half shorter.
    expect(starts).toBeGreaterThan(5);
    expect(starts).toBeLessThan(12);
  });

  it("is forgotten after a healthy minute", async () => {
    pass(BACKOFF.capMs);
    expect((await live("mortal")).status).toBe(200);
    pass(BACKOFF.healthyMs);
    expect(reason(await die("mortal"))).toEqual([503, "filter_failed"]);
    expect((await live("mortal")).status).toBe(200);
  });

  it("lets no request pass, neither itself nor others, if the policy is open", async () => {
    expect((await live("mortal-open")).status).toBe(200);
    const answers: unknown[] = [];
    for (let n = 0; n < 3; n += 1) answers.push(reason(await die("mortal-open")));
    expect(answers).toEqual([
      [503, "filter_failed"],
      [503, "filter_failed"],
      [503, "filter_backoff"],
    ]);
    expect(reason(await live("mortal-open"))).toEqual([503, "filter_backoff"]);
    expect(await requestsUpstream("/mortal-open/die")).toBe(0);
    expect((await statsOf("mortal-open")).failedOpen).toBe(0);
  });

  it("is followed by a pause even the first time if the policy is reload", async () => {
    await die("mortal-reload");
    expect(reason(await live("mortal-reload"))).toEqual([503, "filter_backoff"]);
    const { nextStartAtMs, allocatedBytes } = await statsOf("mortal-reload");
    expect(nextStartAtMs).not.toBeNull();
    // A trapped instance is released at once, not when its successor starts.
    expect(allocatedBytes).toBe(0);
    pass(1_000);
    expect((await live("mortal-reload")).status).toBe(200);
  });
});

describe("a filter that does not start", () => {
  it("is answered 503, with the reason for the operator, and tried again only after a pause", async () => {
    for (let n = 0; n < 5; n += 1) {
      expect(reason(await live("unstartable-closed"))).toEqual([503, "filter_start_failed"]);
    }
    const stats = await statsOf("unstartable-closed");
    expect(stats).toMatchObject({ failedStarts: 1, undecided: 5, failedOpen: 0 });
    expect(stats.failedStart).toMatchObject({ reason: "filter_start_failed", filterReason: "configure_refused" });
    pass(1_000);
    await live("unstartable-closed");
    expect((await statsOf("unstartable-closed")).failedStarts).toBe(2);
  });

  it("lets requests pass if the policy is open, and counts them", async () => {
    const response = await ask("/unstartable-open/1", undefined, { method: "POST", body: "undecided" });
    expect(await response.json<{ body: string }>()).toMatchObject({ body: "undecided" });
    expect((await live("unstartable-open")).status).toBe(200);
    expect(await statsOf("unstartable-open")).toMatchObject({ failedOpen: 2, undecided: 0, failedStarts: 1 });
  });
});

describe("a secret that is not set", () => {
  it("is our mistake, not the filter's, and lets no request pass", async () => {
    expect(reason(await live("secretless-open"))).toEqual([503, "secret_missing"]);
    expect((await statsOf("secretless-open")).failedStart).toMatchObject({
      reason: "secret_missing",
      filterReason: null,
    });
  });
});

describe("a filter that never resumes", () => {
  it("after a head causes a 503 once its time is over", async () => {
    expect(reason(await live("forgetful"))).toEqual([503, "filter_timeout"]);
    expect((await statsOf("forgetful")).openStreams).toBe(0);
  });

  it("after a body causes a 503 once its time is over", async () => {
    const init = { method: "POST", body: "forgotten", headers: { "x-body": "yes" } };
    expect(reason(await ask("/forgetful/body", undefined, init))).toEqual([503, "filter_timeout"]);
    expect(await requestsUpstream("/forgetful/body")).toBe(0);
    expect((await statsOf("forgetful")).openStreams).toBe(0);
  });
});
