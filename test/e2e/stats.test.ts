import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { STATS_SCHEMA_FILE } from "../../scripts/schema/stats/document.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import type { ShownService, StatsResponse } from "../../worker/operator/stats-response.ts";
import { RESET_PATH } from "../security/configuration.ts";
import { linesOf, RawServer } from "../security/raw-server.ts";
import { TokenIssuer } from "../security/token-issuer.ts";

/**
 * What a real gateway on a bare workerd answers to GET /stats, with services in every state. The tests build on each other: first
 * only the directory is read, later the objects are asked, and one is reset.
 */

/** Queries that the directory answers. */
const ASLEEP = ["", "?service=orders", "?window=15m", "?service=orders&window=2d&samples=0&wake=0"];
/** Queries that the objects answer. */
const AWAKE = ["?wake=1", "?samples=1", "?wake=1&window=1m", "?service=twoServers&samples=1&wake=0"];
/** Requests to the service orders. */
const ORDERS = 6 * 21;

let upstream: RawServer;
let authorization: RawServer;
let issuer: TokenIssuer;
let workerd: WorkerdProcess;
let validate: ValidateFunction;

beforeAll(async () => {
  upstream = await RawServer.start(() => ({ body: "served" }));
  authorization = await RawServer.start((request) => ({
    status: linesOf(request, "authorization")[0]?.startsWith("Bearer allow") ? 200 : 403,
  }));
  issuer = await TokenIssuer.start();
  const origins = { UPSTREAM: upstream.origin, AUTHORIZATION: authorization.origin, ISSUER: issuer.origin };
  workerd = await startWorkerd(
    {
      gateway: {
        bundle: await bundleWorker("test/e2e/stats-gateway.ts", origins),
        text: { EBB_DEV: "1", EBB_KEY: "a secret of the tests, which are no secret" },
        objects: { SERVICE_OBJECT: "ServiceObject" },
      },
    },
    ["gateway"],
  );
  validate = new Ajv2020({ allErrors: true }).compile(JSON.parse(readFileSync(STATS_SCHEMA_FILE, "utf8")));
  await traffic();
});
afterAll(async () => {
  await workerd?.stop();
  await Promise.all([upstream?.stop(), authorization?.stop(), issuer?.stop()]);
});

const origin = () => `http://127.0.0.1:${workerd.ports.gateway}`;

async function ask(path: string, token?: string): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(origin() + path, { headers });
  await response.text();
  return response.status;
}

async function act(name: "restart" | "purge", fields: object): Promise<void> {
  const response = await fetch(`${origin()}/stats/${name}`, { method: "POST", body: JSON.stringify(fields) });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

async function report(query = ""): Promise<StatsResponse> {
  const response = await fetch(`${origin()}/stats${query}`);
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
  return (await response.json()) as StatsResponse;
}

function entry({ services }: StatsResponse, name: string): ShownService {
  const found = services.find((service) => service.name === name);
  if (found === undefined || !("requests" in found)) throw new Error(`${name}: ${JSON.stringify(found)}`);
  return found;
}

/** Requests and restarts by service; undefined: none known. */
function countsOf({ services }: StatsResponse): Record<string, number[] | undefined> {
  return Object.fromEntries(
    services.map((service) => [
      service.name,
      "requests" in service ? [service.requests, service.restartCount, service.purges] : undefined,
    ]),
  );
}

const TRAFFIC = {
  orders: [ORDERS, 5, 1],
  twoServers: [1, 0, 0],
  tokens: [2, 0, 0],
  other: [1, 0, 0],
  broken: [1, 0, 0],
  unused: undefined,
};

async function objects(): Promise<string[]> {
  return (await (await fetch(`${origin()}/__objects`)).json()) as string[];
}

function errorsOf(response: unknown): unknown {
  return validate(response) ? [] : validate.errors;
}

async function traffic(): Promise<void> {
  for (let round = 0; round < 6; round += 1) {
    const paths = Array.from({ length: 20 }, (_, n) => `/orders/${n % 7}`);
    await Promise.all(paths.map((path, n) => ask(path, `${n % 5 === 0 ? "deny" : "allow"}-${n}`)));
    await ask("/orders/1");
    if (round < 5) await act("restart", { service: "orders" });
  }
  await act("purge", { service: "orders", credential: "Bearer allow-1" });
  expect(await ask("/two-servers/1", "allow-1")).toBe(200);
  expect(await ask("/tokens/1", await issuer.token())).toBe(200);
  expect(await ask("/tokens/1", "no token")).toBe(401);
  expect(await ask("/other/1")).toBe(200);
  expect(await ask("/broken/1")).toBe(503);
}

describe("GET /stats from the directory", () => {
  it("has the last figures of every service 5 to 10 s after its last request", async () => {
    await expect.poll(async () => countsOf(await report()), { timeout: 12_000, interval: 200 }).toEqual(TRAFFIC);
  });

  it("fits its schema, whatever is asked for", async () => {
    for (const query of ASLEEP) expect([query, errorsOf(await report(query))]).toEqual([query, []]);
  });

  it("wakes no service, creates none, and asks no server", async () => {
    const before = [await objects(), authorization.requests.length];
    for (const query of ASLEEP) await report(query);
    expect([await objects(), authorization.requests.length]).toEqual(before);
    expect((await objects()).toSorted()).toEqual(["/directory", "broken", "orders", "other", "tokens", "twoServers"]);
    expect((await report()).services.at(-1)).toEqual({ name: "unused", waitingFor: "first_request" });
  });

  it("says why a filter does not start, and when it is tried again", async () => {
    expect(entry(await report(), "broken")).toMatchObject({
      failedStart: { reason: "filter_start_failed", message: expect.stringMatching(/./) },
      failedStarts: 1,
      decisions: { undecided: { filter_start_failed: 1 } },
      nextStartAtMs: expect.any(Number),
    });
  });

  it("shows one service of many if that is asked for", async () => {
    const { services, isolates } = await report("?service=orders");
    expect(services.map(({ name }) => name)).toEqual(["orders"]);
    expect(isolates.map(({ isolateId }) => isolateId)).toEqual([entry(await report(), "orders").isolateId]);
  });

  it("takes 2 KB for a service with traffic, restarts and a server, and lists its newest restarts", async () => {
    const orders = entry(await report(), "orders");
    expect(JSON.stringify(orders).length).toBeLessThanOrEqual(2_048);
    expect(orders).toMatchObject({ restartCount: 5, purges: 1, requests: ORDERS, startReason: "restart" });
    expect(orders.restarts.map(({ generation }) => generation)).toEqual([3, 4, 5]);
    expect(orders.decisions.refused).toMatchObject({ credential: 6, denied: 24 });
    expect(orders.clusters.auth?.calls).toMatchObject({ results: { "2xx": 16, "4xx": 4 }, p95Ms: expect.any(Number) });
  });

  it("counts what happened in a window", async () => {
    const { window } = entry(await report("?window=15m"), "orders");
    const { requests, decisions, outbound } = entry(await report(), "orders");
    const refused = Object.values(decisions.refused).reduce((sum, count) => sum + count, 0);
    expect(window).toMatchObject({ windowMs: 900_000, counts: { requests, refused, outbound, restarts: 5, traps: 0 } });
    expect(window!.toMs - window!.fromMs).toBeLessThan(60_000);
  });
});

describe("GET /stats from the objects", () => {
  it("shows the same figures as the directory, once a service is quiet", async () => {
    const asleep = await report();
    const awake = await report("?wake=1");
    for (const { name } of awake.services.filter(({ name }) => name !== "unused")) {
      expect(lasting(entry(asleep, name))).toEqual(lasting(entry(awake, name)));
    }
  });

  it("fits its schema, also for a service that it wakes for the first time", async () => {
    for (const query of AWAKE) expect([query, errorsOf(await report(query))]).toEqual([query, []]);
    expect(entry(await report("?wake=1"), "unused")).toMatchObject({ generation: 0, startReason: null, requests: 0 });
  });

  it("adds all samples, starts and restarts on demand", async () => {
    const { samples, starts, restarts } = entry(await report("?service=orders&samples=1"), "orders");
    expect(samples!.length).toBeGreaterThan(0);
    expect(starts!.map(({ reason }) => reason)).toEqual(["first_request", ...Array(5).fill("restart")]);
    expect(restarts.length).toBe(5);
  });

  it("has no number with more digits than it means", async () => {
    for (const query of [...ASLEEP, ...AWAKE]) expect(exact(await report(query))).toEqual([]);
  });
});

describe("the directory", () => {
  const fault = (is: string) => fetch(`${origin()}/__fault?is=${is}`);
  const html = { headers: { accept: "text/html" } };
  afterEach(() => void fault("none"));

  it("that is reset while it is read is read again", async () => {
    for (const path of ["/stats", "/metrics", "/stats?window=15m"]) {
      await fault("reset");
      const response = await fetch(origin() + path);
      expect([path, response.status, await response.text()]).toEqual([path, 200, expect.stringContaining("orders")]);
    }
    expect(countsOf(await report())).toEqual(TRAFFIC);
  });

  it.each([
    ["failing", "out of order"],
    ["silent", "no answer within 5 s"],
  ])("that is %s is named in each entry; objects still answer, and decisions go on", async (is, why) => {
    await fault(is);
    const [stats, page, metrics] = await Promise.all([
      report("?window=15m"),
      fetch(`${origin()}/stats`, html),
      fetch(`${origin()}/metrics`),
    ]);
    expect(errorsOf(stats)).toEqual([]);
    for (const service of stats.services) {
      expect(service).toEqual({ name: service.name, error: expect.stringMatching(`^the directory: .*${why}`) });
    }
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining(why)]);
    expect([metrics.status, metrics.headers.get("x-ebb-reason")]).toEqual([503, "directory_unreadable"]);
    expect(entry(await report("?service=orders&wake=1"), "orders").requests).toBe(ORDERS);
    expect(await ask("/two-servers/1", "no-one")).toBe(403);
  });

  it("shows nothing of services that the configuration does not have", async () => {
    await fetch(`${origin()}/__tell?service=gone`);
    const answers = await Promise.all(
      ["/stats", "/stats?window=1h", "/metrics", "/healthz"].map(async (path) => (await fetch(origin() + path)).text()),
    );
    answers.push(await (await fetch(`${origin()}/stats`, html)).text());
    for (const answer of answers) expect(answer).not.toMatch(/\bgone\b/);
    expect((await fetch(`${origin()}/stats?service=gone`)).status).toBe(400);
  });
});

/** Without what moves with the clock: ages, credit, and the bytes of decisions that have expired. */
function lasting(service: ShownService): Partial<ShownService> {
  const { atMs: _, uptimeMs: _uptime, liveBytes: _live, creditCalls: _calls, workCreditMs: _work, ...others } = service;
  return others;
}

/** Paths of numbers that are neither whole nor of at most three digits. */
function exact(value: unknown, path = ""): string[] {
  if (typeof value === "number") {
    const isRounded = Number.isInteger(value) || value === Number(value.toPrecision(3));
    return isRounded ? [] : [`${path}: ${value}`];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, below]) => exact(below, `${path}.${name}`));
}

it("the figures outlast the object, and its counters go on", async () => {
  const before = entry(await report(), "orders");
  const alive = await objects();
  await fetch(`${origin()}${RESET_PATH}?service=orders`);
  for (const query of ASLEEP) expect(entry(await report(query), "orders").restarts).toEqual(before.restarts);
  expect(lasting(entry(await report(), "orders"))).toEqual(lasting(before));
  expect(await objects()).toEqual(alive);
  expect(await ask("/orders/1", "allow-1")).toBe(200);
  expect(entry(await report("?wake=1"), "orders")).toMatchObject({ requests: ORDERS + 1, restartCount: 5 });
  expect(await objects()).toEqual([...alive, "orders"]);
});

describe("GET /stats refuses what it does not know, and names the way out:", () => {
  it.each([
    ["?services=orders", '"services": allowed are service, window, samples, wake'],
    ["?Service=orders", '"Service": allowed are service, window, samples, wake'],
    ["?=", '"": allowed are service, window, samples, wake'],
    ["?service=orders&service=orders", "service: found more than once"],
    ["?service=order", 'service: found "order", allowed are orders, twoServers, tokens, other, broken, unused'],
    ["?service=%2Fdirectory", 'service: found "/directory", allowed are orders, '],
    ["?service=", 'service: found "", allowed are orders, '],
    ["?window=3d", 'window: found "3d", allowed is a time from 1m to 2d, such as 15m, 6h or 1d'],
    ["?window=15", 'window: found "15", allowed is a time from 1m to 2d'],
    ["?samples=yes", 'samples: found "yes", allowed are 0 and 1'],
    ["?wake", 'wake: found "", allowed are 0 and 1'],
  ])("%s", async (query, message) => {
    const response = await fetch(`${origin()}/stats${query}`);
    const body = (await response.json()) as { error: string; message: string };
    expect([response.status, response.headers.get("cache-control"), body.error]).toEqual([
      400,
      "no-store",
      "bad_request",
    ]);
    expect(body.message.slice(0, message.length)).toBe(message);
  });
});
