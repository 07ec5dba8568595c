import { readFileSync } from "node:fs";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServiceReport } from "../../durable/directory/service-report.ts";
import { type Counters, noCounts } from "../../durable/metrics/counters.ts";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import { RESET_PATH } from "../security/configuration.ts";
import { headerOf, type RawResponse, sendRequest } from "../security/raw-client.ts";
import { linesOf, RawServer } from "../security/raw-server.ts";
import { FAILURES } from "./failing-servers.ts";
import { REFUSING_ORIGIN, type SocketServer, startSocketServer } from "./socket-server.ts";

/**
 * Tests each row of docs/faults.md: the client's response, the log and /stats. Clients of another service notice
 * nothing.
 */

const TIMEOUT_MS = 400;
const RESET_AFTER_MS = 150;
/** The `iss` of the tokens whose issuer fails. */
const ISSUER = "https://login.test";
/** As in a deployment: in development, errors speak of another place for secrets. */
const OPERATOR_TOKEN = "operator-token-of-tests";
const TOKEN_SECRET = "a secret of the tests, which is no secret";
/** A service without faults, whose clients must notice nothing. */
const WELL = "well";

interface Row {
  readonly fault: string;
  readonly status: number;
  readonly reason: string | undefined;
  readonly log: string | undefined;
  readonly counters: readonly string[];
}

/** Rows of the table under a heading, without code marks. An empty reason or log is undefined. */
function rowsOf(heading: string): Row[] {
  const page = readFileSync("docs/faults.md", "utf8");
  const section = page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const lines = section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2);
  return lines.map((line) => {
    const [fault = "", status, reason, log, counters = ""] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.replaceAll("`", "").trim());
    return {
      fault,
      // The raw client reports 0 if it got no response.
      status: status === "none" ? 0 : Number(status),
      reason: reason || undefined,
      log: log || undefined,
      counters: counters
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean),
    };
  });
}

let workerd: WorkerdProcess;
let authorization: RawServer;
let upstream: RawServer;
const servers: SocketServer[] = [];

const nameOf = (kind: string, fault: string) => `${kind}-${fault.replaceAll(" ", "-")}`;

beforeAll(async () => {
  upstream = await RawServer.start(() => ({ body: "served" }));
  authorization = await RawServer.start(async (request) => {
    await after(Number(linesOf(request, "x-take-ms")[0] ?? 0));
    return { status: 200 };
  });
  const origins: Record<string, string> = {};
  for (const [fault, behave] of Object.entries(FAILURES)) {
    const server = await startSocketServer(behave);
    servers.push(server);
    origins[fault] = server.origin;
  }
  origins.down = REFUSING_ORIGIN;
  const service = (name: string, upstreamUrl: string, authorizationUrl: string, protocol: "forward-auth" | "opa") => ({
    route: { prefix: `/${name}` },
    upstream: { url: upstreamUrl },
    clusters: { auth: { url: authorizationUrl, timeoutMs: TIMEOUT_MS } },
    authorization: {
      protocol,
      cluster: "auth",
      path: "/check",
      ...(protocol === "opa" ? {} : { requestHeaders: ["x-take-ms"] }),
    } as const,
  });
  const services = Object.entries(origins).flatMap(([fault, origin]) => [
    [nameOf("opa", fault), service(nameOf("opa", fault), upstream.origin, origin, "opa")],
    [nameOf("upstream", fault), service(nameOf("upstream", fault), origin, authorization.origin, "forward-auth")],
  ]);
  const tokens = (name: string, url: string, more: object) => [
    name,
    {
      route: { prefix: `/${name}` },
      upstream: { url: upstream.origin },
      clusters: { login: { url, timeoutMs: TIMEOUT_MS } },
      authorization: {
        protocol: "jwt",
        issuers: [{ issuer: ISSUER, audience: "orders", ...more }],
        upstreamClaims: { sub: "x-user" },
      },
    },
  ];
  const keySets = Object.entries(origins).map(([fault, origin]) =>
    tokens(nameOf("keys", fault), origin, { jwks: { cluster: "login", path: "/keys" } }),
  );
  const secrets = [
    tokens("unset", REFUSING_ORIGIN, { sharedSecret: { secret: "NOT_SET" } }),
    tokens("short", REFUSING_ORIGIN, { sharedSecret: { secret: "SHORT" } }),
    tokens("set", REFUSING_ORIGIN, { sharedSecret: { secret: "TOKEN_SECRET" } }),
    [
      "no-keys",
      {
        route: { prefix: "/no-keys" },
        upstream: { url: upstream.origin },
        authorization: { protocol: "api-keys", keys: { secret: "NOT_SET" } },
      },
    ],
  ];
  const others = ["reset", "exhausted", "overloaded", WELL].map((name) => [
    name,
    service(name, upstream.origin, authorization.origin, "forward-auth"),
  ]);
  const bundle = await bundleWorker("test/faults/gateway.ts", {
    SERVICES: Object.fromEntries([...services, ...keySets, ...secrets, ...others]),
    UPSTREAM: upstream.origin,
  });
  workerd = await startWorkerd(
    {
      gateway: {
        bundle,
        text: { OPERATOR_TOKEN, SHORT: "short", TOKEN_SECRET },
        objects: { SERVICE_OBJECT: "ServiceObject" },
      },
    },
    ["gateway"],
  );
});
afterAll(async () => {
  await workerd?.stop();
  for (const server of servers) server.stop();
  await Promise.all([upstream?.stop(), authorization?.stop()]);
});

/** How long a client waits: longer than the authorization server's time-out and than a slow upstream. */
const PATIENCE_MS = 1_500;

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const ask = (service: string, ...headers: string[]) =>
  sendRequest(
    workerd.ports.gateway!,
    { target: `/${service}/1`, headers: ["Authorization: Bearer a-token", ...headers] },
    PATIENCE_MS,
  );

/** Resets the object while the authorization server is still checking the request. */
async function askDuringReset(service: string, reason: string): Promise<RawResponse> {
  const waiting = ask(service, `X-Take-Ms: ${RESET_AFTER_MS * 2}`);
  await after(RESET_AFTER_MS);
  const query = new URLSearchParams({ service, reason });
  await fetch(`http://127.0.0.1:${workerd.ports.gateway}${RESET_PATH}?${query}`);
  return waiting;
}

/** What the log says besides, as the page explains. */
const SECOND_LINE = /keys_unavailable|^[\w-]+: filter: /;

/** Lines of text about the service without its name, and failed calls without service and request. Numbers are N. */
function shownLine(service: string, line: string): string[] {
  const failed = `{"event":"call_failed","service":"${service}",`;
  if (line.startsWith(failed)) {
    const left = `{"event":"call_failed",${line.slice(failed.length)}`;
    return [left.replace(',"cfRay":null', "").replace(/"tookMs":\d+/, '"tookMs":N')];
  }
  if (!line.startsWith(`${service}: `) || SECOND_LINE.test(line)) return [];
  const text = line.slice(service.length + 2);
  return [text.replace(/http:\/\/[\d.:]+/, "URL").replace(ISSUER, "ISSUER")];
}

/** Counters that change with any request. */
const ALWAYS_CHANGED: readonly string[] = ["requests", "hits", "outbound"];

async function countersOf(service: string): Promise<Map<string, number>> {
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
  const response = await fetch(`http://127.0.0.1:${workerd.ports.gateway}/stats?wake=1`, { headers });
  const { services } = (await response.json()) as { services: ServiceReport[] };
  const stats = services.find(({ name }) => name === service)!;
  const names = Object.keys(noCounts()).filter((name) => !ALWAYS_CHANGED.includes(name));
  return new Map(names.map((name) => [name, stats[name as keyof Counters]]));
}

/**
 * Sends one request, and meanwhile one to another service. Returns its response, its log lines and the changed
 * counters.
 */
async function observe(
  service: string,
  send: () => Promise<RawResponse>,
  reportedMs = 50,
): Promise<Omit<Row, "fault">> {
  const before = await countersOf(service);
  const logged = workerd.log().length;
  const [response, other] = await Promise.all([send(), ask(WELL)]);
  expect(other).toMatchObject({ status: 200, body: "served" });
  const lines = () =>
    workerd
      .log()
      .slice(logged)
      .split("\n")
      .flatMap((line) => shownLine(service, line));
  // The log arrives through a pipe, so it may be later than the response; so may what the Worker tells the object.
  await after(reportedMs);
  const counters = await countersOf(service);
  return {
    status: response.status,
    reason: headerOf(response, "x-ebb-reason"),
    log: lines().join("; ") || undefined,
    counters: [...counters].filter(([name, count]) => count === before.get(name)! + 1).map(([name]) => name),
  };
}

/** Sends a request that meets a fault, by the heading of the fault's table. */
const TABLES: Readonly<Record<string, (fault: string) => Promise<Omit<Row, "fault">>>> = {
  "Authorization server": (fault) => observe(nameOf("opa", fault), () => ask(nameOf("opa", fault))),
  Upstream: (fault) => observe(nameOf("upstream", fault), () => ask(nameOf("upstream", fault))),
  "Keys of issuers": (fault) => observeToken(nameOf("keys", fault), {}, "RS256"),
  "Secrets and claims": (fault) => observeToken(...SECRET_FAULTS[fault]!),
  Object: (fault) => OBJECT_FAULTS[fault]!(),
  Filter: (fault) => observe(FILTER_FAULTS[fault]![0], () => ask(...FILTER_FAULTS[fault]!)),
};

/** The Worker reports its counts once a second. */
const COUNTS_TOLD_MS = 1_300;

/** Sends a token, which is signed with a secret whatever its header says. */
async function observeToken(service: string, claims: object, algorithm = "HS256"): Promise<Omit<Row, "fault">> {
  const all = { iss: ISSUER, aud: "orders", sub: "ann", exp: Math.floor(Date.now() / 1_000) + 60, ...claims };
  const key = new TextEncoder().encode(TOKEN_SECRET);
  const [, payload, signature] = (await new SignJWT(all).setProtectedHeader({ alg: "HS256" }).sign(key)).split(".");
  const header = Buffer.from(JSON.stringify({ alg: algorithm })).toString("base64url");
  const headers = [`Authorization: Bearer ${header}.${payload}.${signature}`];
  const send = () => sendRequest(workerd.ports.gateway!, { target: `/${service}/1`, headers }, PATIENCE_MS);
  return observe(service, send, COUNTS_TOLD_MS);
}

const SECRET_FAULTS: Readonly<Record<string, [service: string, claims: object]>> = {
  "the sharedSecret is not set": ["unset", {}],
  "the sharedSecret has less than 32 bytes": ["short", {}],
  "a secret of keys is not set": ["no-keys", {}],
  "no header can carry a claim": ["set", { sub: " ann" }],
};

const EXHAUSTED = "Durable Object exceeded its memory limit and was reset.";
const OBJECT_FAULTS: Readonly<Record<string, () => Promise<Omit<Row, "fault">>>> = {
  reset: () => observe("reset", () => askDuringReset("reset", "a new deployment")),
  "out of memory": () => observe("exhausted", () => askDuringReset("exhausted", EXHAUSTED)),
  overloaded: () => observe("overloaded", () => ask("overloaded", "X-Overloaded: yes")),
};

const FILTER_FAULTS: Readonly<Record<string, [service: string, ...headers: string[]]>> = {
  traps: ["mortal", "X-Die: now"],
  "does not start": ["unstartable"],
  grows: ["growing", "X-Grow: yes"],
  "a status that does not exist": ["babbling", "X-Status: yes"],
  "an invalid header name": ["babbling", "X-Name: yes"],
  "an address beyond its memory": ["babbling", "X-Address: yes"],
};

describe.each(Object.entries(TABLES))("%s: each fault has the effects in docs/faults.md", (heading, meet) => {
  const rows = rowsOf(heading);

  it.each(rows)("$fault: $status $reason", async ({ fault, ...expected }) => {
    expect(await meet(fault)).toEqual(expected);
  });
});

it("docs/faults.md has a row for every fault", () => {
  const faultsOf = (heading: string) =>
    rowsOf(heading)
      .map(({ fault }) => fault)
      .toSorted();
  const servers = ["down", ...Object.keys(FAILURES)].toSorted();
  expect(faultsOf("Authorization server")).toEqual(servers);
  expect(faultsOf("Upstream")).toEqual(servers);
  expect(faultsOf("Keys of issuers")).toEqual(servers);
  expect(faultsOf("Secrets and claims")).toEqual(Object.keys(SECRET_FAULTS).toSorted());
  expect(faultsOf("Object")).toEqual(Object.keys(OBJECT_FAULTS).toSorted());
  expect(faultsOf("Filter")).toEqual(Object.keys(FILTER_FAULTS).toSorted());
});

it("the log has no unhandled error", () => {
  expect(workerd.log()).not.toMatch(/unhandled|uncaught/i);
});
