import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ask, gatewayReport, pass, settled, testEnv } from "../../test/workerd/client.ts";
import { lives } from "../../test/workerd/lives.ts";
import type { ShownService, StatsResponse } from "../../worker/operator/stats-response.ts";
import { ServiceObject } from "../service-object.ts";
import { figuresKey } from "./directory.ts";
import { DIRECTORY, REPORT_VERSION } from "./directory-rpc.ts";

/** The directory as a real object, between real services. */

const directory = () => testEnv.SERVICE_OBJECT.getByName(DIRECTORY);
const service = () => testEnv.SERVICE_OBJECT.getByName("answering");

async function shown(query = ""): Promise<StatsResponse["services"][number]> {
  const { services } = await gatewayReport(query);
  return services.find(({ name }) => name === "answering")!;
}

async function figures(query = ""): Promise<ShownService> {
  const entry = await shown(query);
  if (!("requests" in entry)) throw new Error(`no figures: ${JSON.stringify(entry)}`);
  return entry;
}

/** Other files' tests share the machine. */
const until = <Value>(read: () => Value) => expect.poll(read, { timeout: 10_000 });

/** Waits until the directory has as many requests as the object. */
async function untilTold(): Promise<ShownService> {
  await until(async () => "requests" in (await shown())).toBe(true);
  const live = await figures("?wake=1");
  await until(async () => (await figures()).requests).toBe(live.requests);
  return figures();
}

describe("the directory", () => {
  // Each test may tell at once.
  beforeEach(() => pass(10 * 60_000));

  it("has nothing of a service that has told nothing, and does not wake it", async () => {
    // Another file's test may have purged all services.
    await runInDurableObject(directory(), (_, { storage }) => storage.kv.delete(figuresKey("handled")));
    await evictDurableObject(directory());
    const begun = lives.begun;
    const report = await gatewayReport("?service=handled");
    expect(report.services).toEqual([{ name: "handled", waitingFor: "first_request" }]);
    // The directory itself, at most.
    expect(lives.begun - begun).toBeLessThanOrEqual(1);
  });

  it("has a service's figures when it has fallen quiet, the same as its object", async () => {
    for (let n = 0; n < 4; n += 1) await ask("/answering", "allow-directory");
    // On a busy machine the object may have fallen quiet between them, and told all that it may tell in a minute.
    pass(2 * 60_000);
    await ask("/answering", "allow-directory");
    const { atMs, uptimeMs: _, countsStoredAtMs: _1, ...told } = await untilTold();
    expect(told).toMatchObject({ name: "answering", hits: expect.any(Number) });
    const live = await figures("?wake=1");
    expect(live.decisions).toEqual(told.decisions);
    expect(live).toMatchObject({ requests: told.requests, outbound: told.outbound, clusters: told.clusters });
    expect(atMs).toBeLessThanOrEqual(live.atMs);
  });

  it("is read without waking the service, also after both were evicted and an hour later", async () => {
    await ask("/answering", "allow-directory");
    const before = await untilTold();
    await settled();
    await evictDurableObject(service());
    await evictDurableObject(directory());
    pass(60 * 60_000);
    const begun = lives.begun;
    expect(await figures()).toEqual(before);
    expect((await figures("?window=15m")).atMs).toBe(before.atMs);
    expect(lives.begun - begun).toBe(1);
  });

  it("has a restart and its reason although the service was evicted soon after", async () => {
    await ask("/answering", "allow-directory");
    await untilTold();
    pass(60_000);
    await runInDurableObject(service(), (object) => object.restart("by-hand"));
    await until(async () => (await figures()).restarts.at(-1)?.reason).toBe("by-hand");
    await settled();
    await evictDurableObject(service());
    expect((await figures()).restarts.at(-1)).toMatchObject({ reason: "by-hand" });
  });

  it("shows what happened in a window, from the history it keeps", async () => {
    await ask("/answering", "allow-directory");
    const before = await untilTold();
    pass(20 * 60_000);
    for (let n = 0; n < 4; n += 1) await ask("/answering", "allow-directory");
    await until(async () => (await figures()).requests).toBe(before.requests + 4);
    const entry = await figures("?window=15m");
    expect(entry.window).toMatchObject({ windowMs: 900_000, counts: { requests: 4, restarts: 0 } });
    const hour = await figures("?window=2h");
    expect(hour.window!.counts.requests).toBeGreaterThan(4);
  });

  it("keeps the newest of reports that come at once, out of order, and from an old life", async () => {
    const { report, ...others } = (await directory().readDirectory(REPORT_VERSION, { services: ["answering"] }))
      .entries[0]!;
    const told = (step: number) => ({
      ...others,
      report: { ...report, atMs: report.atMs + step, requests: report.requests + step },
    });
    // As the RPC types show it, a union of read-only parts is not what was sent.
    const tell = (step: number) => directory().tell(REPORT_VERSION, told(step) as never);
    await Promise.all([3, 1, 7, 5, 2, 6, 4].map(tell));
    await tell(0);
    expect((await figures()).requests).toBe(report.requests + 7);
  });

  it("ignores a report of another version, and refuses to be read by one", async () => {
    const before = await figures();
    await directory().tell(REPORT_VERSION + 1, {
      report: { name: "answering", atMs: Number.MAX_SAFE_INTEGER },
    } as never);
    expect(await figures()).toEqual(before);
    const refused = await runInDurableObject(directory(), (object) =>
      object.readDirectory(REPORT_VERSION + 1, {}).catch(String),
    );
    expect(refused).toContain("speaks version 1");
  });

  it("that cannot be reached costs no decision; the next report has everything", async () => {
    await ask("/answering", "allow-directory");
    const before = await untilTold();
    pass(10 * 60_000);
    const broken = vi.spyOn(ServiceObject.prototype, "tell").mockRejectedValue(new Error("reset"));
    const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
    for (let n = 0; n < 3; n += 1) expect((await ask("/answering", "allow-directory")).status).toBe(200);
    await until(() => broken.mock.calls.length).toBeGreaterThan(0);
    expect((await figures()).requests).toBe(before.requests);
    broken.mockRestore();
    pass(10 * 60_000);
    await ask("/answering", "allow-directory");
    await until(async () => (await figures()).requests).toBe(before.requests + 4);
    expect(complaint.mock.calls.flat().join("\n")).toContain("answering: directory_failed");
    complaint.mockRestore();
  });

  it("is read as an error for each service if it cannot be asked, and the page says so", async () => {
    const broken = vi.spyOn(ServiceObject.prototype, "readDirectory").mockRejectedValue(new Error("overloaded"));
    const report = await gatewayReport();
    expect(report.services.every((entry) => "error" in entry && entry.error.includes("the directory"))).toBe(true);
    broken.mockRestore();
  });
});
