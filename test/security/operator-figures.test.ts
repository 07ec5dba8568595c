import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { variable } from "../../config/index.ts";
import { headerOf, type RawResponse, sendRequest } from "./raw-client.ts";
import { RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";

/**
 * What the operator's figures tell to whom, and what they make of parameters that no one should send. No setting that users may switch on
 * changes that, so these tests need no variants.
 */

const ALL = "opens-all-services";
const ORDERS = "opens-the-orders-only";
const HTML = "Accept: text/html";
/** Of services that the token ORDERS does not open: in the names of these, of their servers and of their variables. */
const OTHERS = /bills|BILLS/;
/** Longer than the first event of a live stream takes. */
const LIVE_MS = 1_000;

let server: RawServer;
let gateway: SecurityGateway;
let incomplete: SecurityGateway;

/** Every object inherits the second name. */
const clusterOf = (name: string) => (name === "toString" ? "valueOf" : `${name}-auth`);

beforeAll(async () => {
  server = await RawServer.start(() => ({ status: 200 }));
  const service = (name: string, url: unknown = server.origin) =>
    ({
      route: { prefix: `/${name}` },
      upstream: { url: server.origin },
      clusters: { [clusterOf(name)]: { url } },
      authorization: { protocol: "forward-auth", cluster: clusterOf(name), path: "/check" },
    }) as never;
  const start = (bills: unknown) =>
    startGateway(
      {
        operator: { tokens: [{ secret: "ORDERS_TOKEN", services: ["orders"] }] },
        services: { orders: service("orders"), bills, toString: service("toString") },
      } as never,
      { text: { EBB_DEV: "", OPERATOR_TOKEN: ALL, ORDERS_TOKEN: ORDERS } },
    );
  gateway = await start(service("bills"));
  incomplete = await start(service("bills", variable("BILLS_AUTH_URL")));
  for (const name of ["orders", "bills", "toString"]) {
    const headers = ["Authorization: Bearer a-client"];
    expect((await gateway.send({ target: `/${name}/1`, headers })).status).toBe(200);
  }
  // A restart is told at once.
  const headers = [`Authorization: Bearer ${ALL}`, "Content-Length: 2"];
  await gateway.send({ method: "POST", target: "/stats/restart", headers, body: "{}" });
  await vi.waitFor(async () =>
    expect((await look("", ALL)).body).toMatch(
      /"name":"bills",.*"restartCount":1,.*"name":"toString",.*"restartCount":1/,
    ),
  );
});
afterAll(() => Promise.all([gateway?.stop(), incomplete?.stop(), server?.stop()]));

const look = (query: string, token = ORDERS, headers: readonly string[] = [], at = gateway) =>
  get(`/stats${query}`, token, headers, at);
const get = (target: string, token = ORDERS, headers: readonly string[] = [], at = gateway) =>
  sendRequest(
    at.port,
    { target, headers: [`Authorization: Bearer ${token}`, ...headers] },
    /\/live\?service=(?:orders|bills|toString)$/.test(target) ? LIVE_MS : undefined,
  );

const READINGS: [what: string, read: (at: SecurityGateway) => Promise<RawResponse>][] = [
  ["the figures", (at) => look("", ORDERS, [], at)],
  ["a window", (at) => look("?window=2d", ORDERS, [], at)],
  ["samples", (at) => look("?samples=1&window=1h", ORDERS, [], at)],
  ["awake objects", (at) => look("?wake=1", ORDERS, [], at)],
  ["the page", (at) => look("?window=1h", ORDERS, [HTML], at)],
  ["a service's page", (at) => look("?service=orders", ORDERS, [HTML], at)],
  ["the live stream", (at) => look("/live?service=orders", ORDERS, [], at)],
  ["the metrics", (at) => get("/metrics", ORDERS, [], at)],
  ["the health check", (at) => get("/healthz", ORDERS, [], at)],
  ["a refused parameter", (at) => look("?service=nothing", ORDERS, [], at)],
];

it.each(READINGS)("the token of one service sees nothing of others: %s", async (_, read) => {
  const { status, body } = await read(gateway);
  expect([200, 400]).toContain(status);
  expect(body).toMatch(/orders|"ok"/);
  expect(body).not.toMatch(OTHERS);
});

it.each(READINGS)("nor what is missing for others: %s", async (_, read) => {
  const { status, body } = await read(incomplete);
  expect([200, 400, 503]).toContain(status);
  expect(body).not.toMatch(OTHERS);
});

it("the operator's own token sees it", async () => {
  expect((await look("", ALL, [], incomplete)).body).toContain("BILLS_AUTH_URL");
  for (const target of ["/stats?wake=1", "/metrics", "/stats/live?service=bills"]) {
    expect([target, (await get(target, ALL)).body]).toEqual([target, expect.stringMatching(OTHERS)]);
  }
});

it.each([
  ["JSON", "", []],
  ["HTML", "", [HTML]],
  ["live", "/live", []],
])("another service is refused as one that does not exist: %s", async (_, path, headers) => {
  const refusals = await Promise.all(
    ["bills", "never"].map((name) => look(`${path}?service=${name}`, ORDERS, headers)),
  );
  const [other, unknown] = refusals.map(({ status, body }) => [status, body.replaceAll(/bills|never/g, "NAME")]);
  expect(other).toEqual(unknown);
  expect(other![0]).toBe(400);
});

it.each([
  ["?service=%2Fdirectory", "?service=%2Fdirectory"],
  ["?service=__proto__", "?service=__proto__"],
  ["?service=constructor", "?service=constructor"],
  ["?service=ORDERS", "?service=ORDERS"],
  ["?service=orders%00", "?service=orders%00"],
  ["?service=orders%20", "?service=orders%20"],
  ["?service=orders%26wake=1", "?service=orders%26wake=1"],
  ["?service=%ff", "?service=%ff"],
  ["?service=%", "?service=%"],
  ["?service=", "?service="],
  ["?service", "?service"],
  ["?service=%3Cscript%3Ealert(1)%3C/script%3E", "?service=%3Cscript%3Ealert(1)%3C/script%3E"],
  ["?service=orders&service=orders", "?service=orders&service=orders"],
  ["?service=orders&service=bills", "?service=orders&service=bills"],
  ["?service=orders&Service=orders", "?service=orders&Service=orders"],
  ["?service=orders&__proto__=1", "?service=orders&__proto__=1"],
  ["?service=orders&=", "?service=orders&="],
  ["a long name", `?service=${"a".repeat(8_000)}`],
  ["a parameter 4,000 times", `?${"a=1&".repeat(4_000)}`],
  ["2,000 parameters", `?${Array.from({ length: 2_000 }, (_, n) => `a${n}=`).join("&")}`],
])("refuses %s, and says what is allowed", async (_, query) => {
  for (const path of ["", "/live"]) {
    const { status, body, headers } = await look(path + query);
    const { error, message } = JSON.parse(body) as { error: string; message: string };
    expect([status, error]).toEqual([400, "bad_request"]);
    expect([headerOf({ headers }, "cache-control"), headerOf({ headers }, "content-type")]).toEqual([
      "no-store",
      "application/json",
    ]);
    expect(message).toMatch(/allowed are (?:orders|service)|found more than once/);
    expect(message.length).toBeLessThan(250);
  }
  const page = await look(query, ORDERS, [HTML]);
  expect(page.status).toBe(400);
  expect(page.body).not.toMatch(/<script>alert/);
});

it.each([
  "0m",
  "-1m",
  "1.5h",
  "1e9d",
  "9999d",
  "99999999999999999999d",
  "49h",
  "2881m",
  "15%20m",
  "15M",
  "15s",
  "%EF%BC%91m",
])("refuses the window %s", async (window) => {
  const { status, body } = await look(`?window=${window}`);
  expect([status, body]).toEqual([400, expect.stringContaining("allowed is a time from 1m to 2d")]);
  expect((await look(`?window=${window}`, ORDERS, [HTML])).status).toBe(400);
});

it.each(["1m", "%31%35m", "48h", "2880m", "2d"])("knows the window %s", async (window) => {
  expect((await look(`?window=${window}`)).status).toBe(200);
});

it("names that every object inherits are names like others", async () => {
  const readings: [string, string[]][] = [
    ["/stats?window=1h", []],
    ["/stats?wake=1&window=1h", []],
    ["/stats?window=1h", [HTML]],
    ["/stats?service=toString", [HTML]],
    ["/stats/live?service=toString", []],
    ["/metrics", []],
  ];
  for (const [target, headers] of readings) {
    const { status, body } = await get(target, ALL, headers);
    expect([target, status, body]).toEqual([target, 200, expect.stringContaining("toString")]);
  }
  const { services } = JSON.parse((await look("?service=toString&window=1h", ALL)).body) as {
    services: { clusters: object; window: { clusters: object } }[];
  };
  const calls = expect.objectContaining({ results: { "2xx": 1 } });
  expect(services[0]!.clusters).toMatchObject({ valueOf: { state: "answering", calls } });
  expect(services[0]!.window.clusters).toMatchObject({ valueOf: calls });
});

it("the live stream of a service is only for GET, and those who leave take no place", async () => {
  const authorization = `Authorization: Bearer ${ORDERS}`;
  const target = "/stats/live?service=orders";
  const post = await gateway.send({ method: "POST", target, headers: [authorization, "Content-Length: 0"] });
  expect([post.status, headerOf(post, "allow")]).toEqual([405, "GET"]);
  for (let n = 0; n < 40; n += 1) {
    expect((await gateway.send({ method: "HEAD", target, headers: [authorization] })).status).toBe(200);
  }
  await expect.poll(async () => (await look("/live?service=orders")).status, { timeout: 8_000 }).toBe(200);
});

it("at most 16 watch a service at once", async () => {
  const watching = Array.from({ length: 20 }, () => look("/live?service=orders"));
  const statuses = (await Promise.all(watching)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(16);
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(4);
  await expect.poll(async () => (await look("/live?service=orders")).status, { timeout: 8_000 }).toBe(200);
});
