import { describe, expect, it } from "vitest";
import { ask, checksOf, pass, requestsUpstream, settled, statsOf } from "../workerd/client.ts";

/** A clock that jumps, as one does that is set: no decision lives longer by it, and nothing waits until it is as late again. */
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

const statusOf = async (path: string, token?: string, init?: RequestInit) => (await ask(path, token, init)).status;
const trap = (service: string) => ask(`/${service}/die`, undefined, { headers: { "x-die": "now" } });

/** Lets the clock jump; then whatever a fault does, another service serves a decision that it has kept or makes a new one. */
async function jump(ms: number): Promise<void> {
  pass(ms);
  expect(await statusOf("/answering/1", "allow-beside")).toBe(200);
}

describe("a clock that jumps ahead", () => {
  it("ends what was decided, and every request is decided anew", async () => {
    expect(await statusOf("/orders/1", "allow-ahead")).toBe(200);
    await jump(YEAR_MS);
    expect(await statusOf("/orders/1", "allow-ahead")).toBe(200);
    expect(await checksOf("allow-ahead")).toBe(2);
  });

  it("during a call breaks nothing off", async () => {
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
  it("gives no decision more life: it is asked about again when its time has passed", async () => {
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

  it("lets a refusal be asked about again as soon as ever", async () => {
    expect(await statusOf("/orders/1", "deny-back")).toBe(403);
    await jump(-HOUR_MS);
    for (let second = 0; second < 11; second += 1) {
      pass(1_000);
      await statusOf("/orders/1", "deny-back");
    }
    expect(await checksOf("deny-back")).toBe(2);
  });

  it("keeps no filter that trapped from being started again", async () => {
    expect((await trap("mortal-reload")).status).toBe(503);
    expect((await ask("/mortal-reload/1")).headers.get("x-ebb-reason")).toBe("filter_backoff");
    await jump(-YEAR_MS);
    expect(await statusOf("/mortal-reload/1")).toBe(200);
  });

  it("keeps no instance that grew beyond its cap", async () => {
    for (let n = 0; n < 5; n += 1) {
      expect(await statusOf("/growing/1", undefined, { headers: { "x-grow": "yes" } })).toBe(200);
    }
    await jump(-HOUR_MS);
    expect(await statusOf("/growing/1")).toBe(200);
    expect((await statsOf("growing")).restarts.at(-1)).toMatchObject({ reason: "grew_beyond_cap" });
  });

  it("opens no gate", async () => {
    expect(await statusOf("/fail-open/back", "error-back")).toBe(503);
    await jump(-YEAR_MS);
    expect(await statusOf("/fail-open/back", "error-back")).toBe(503);
    await jump(2 * YEAR_MS);
    expect(await statusOf("/fail-open/back", "error-back")).toBe(503);
    expect(await requestsUpstream("/fail-open/back")).toBe(0);
    expect((await statsOf("fail-open")).failedOpen).toBe(0);
  });
});
