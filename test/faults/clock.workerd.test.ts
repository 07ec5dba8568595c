import { describe, expect, it } from "vitest";
import { ask, checksOf, pass, requestsUpstream, settled, statsOf } from "../workerd/client.ts";

/**
 * The clock jumps, as it does when it is set. No decision may live longer, and nothing may wait for the old time to
 * return.
 */

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

const statusOf = async (path: string, token?: string, init?: RequestInit) => (await ask(path, token, init)).status;
const trap = (service: string) => ask(`/${service}/die`, undefined, { headers: { "x-die": "now" } });

/** Lets the clock jump, and checks that another service still answers. */
async function jump(ms: number): Promise<void> {
  pass(ms);
  expect(await statusOf("/answering/1", "allow-beside")).toBe(200);
}

describe("a clock that jumps ahead", () => {
  it("expires all decisions, so that every request is decided again", async () => {
    expect(await statusOf("/orders/1", "allow-ahead")).toBe(200);
    await jump(YEAR_MS);
    expect(await statusOf("/orders/1", "allow-ahead")).toBe(200);
    expect(await checksOf("allow-ahead")).toBe(2);
  });

  it("does not abort a call in progress", async () => {
    const before = await statsOf("orders");
    const waiting = ask("/orders/1", "slow-ahead");
    await settled();
    await jump(YEAR_MS);
    expect((await waiting).status).toBe(200);
    const { undecided, clusters } = await statsOf("orders");
    expect([undecided, clusters.auth!.state]).toEqual([before.undecided, "answering"]);
  });
});

describe("a clock that is set back", () => {
  it("does not extend a decision: the server is asked again after its lifetime", async () => {
    expect(await statusOf("/orders/1", "allow-back")).toBe(200);
    await jump(-HOUR_MS);
    expect(await statusOf("/orders/1", "allow-back")).toBe(200);
    expect(await checksOf("allow-back")).toBe(1);
    for (let minute = 0; minute < 10; minute += 1) {
      pass(60_000);
      await statusOf("/orders/1", "allow-back");
    }
    expect(await checksOf("allow-back")).toBe(2);
  });

  it("does not extend a refusal either", async () => {
    expect(await statusOf("/orders/1", "deny-back")).toBe(403);
    await jump(-HOUR_MS);
    for (let second = 0; second < 11; second += 1) {
      pass(1_000);
      await statusOf("/orders/1", "deny-back");
    }
    expect(await checksOf("deny-back")).toBe(2);
  });

  it("does not delay the next start of a filter that trapped", async () => {
    expect((await trap("mortal-reload")).status).toBe(503);
    expect((await ask("/mortal-reload/1")).headers.get("x-ebb-reason")).toBe("filter_backoff");
    await jump(-YEAR_MS);
    expect(await statusOf("/mortal-reload/1")).toBe(200);
  });

  it("does not delay the restart of an instance that grew beyond its cap", async () => {
    for (let n = 0; n < 5; n += 1) {
      expect(await statusOf("/growing/1", undefined, { headers: { "x-grow": "yes" } })).toBe(200);
    }
    await jump(-HOUR_MS);
    expect(await statusOf("/growing/1")).toBe(200);
    expect((await statsOf("growing")).restarts.at(-1)).toMatchObject({ reason: "grew_beyond_cap" });
  });

  it("does not make a service fail open, nor does a jump ahead", async () => {
    expect(await statusOf("/fail-open/back", "error-back")).toBe(503);
    await jump(-YEAR_MS);
    expect(await statusOf("/fail-open/back", "error-back")).toBe(503);
    await jump(2 * YEAR_MS);
    expect(await statusOf("/fail-open/back", "error-back")).toBe(503);
    expect(await requestsUpstream("/fail-open/back")).toBe(0);
    expect((await statsOf("fail-open")).failedOpen).toBe(0);
  });
});
