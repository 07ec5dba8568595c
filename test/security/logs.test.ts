import { readFileSync } from "node:fs";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import { type RawRequestLines, type RawResponse, sendRequest } from "./raw-client.ts";
import { type RawReply, RawServer } from "./raw-server.ts";

/**
 * What clients and servers choose is in no line of the log. Unlikely texts stand in every place of a request and of a reply, on
 * every way through the gateway, while it logs every decision.
 */

const MARK = "zq7canary";
const canary = (place: string) => `${MARK}-${place}`;
const RAY = "8f1c2a3b4d5e6f70-FRA";
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TOKEN_SECRET = `${canary("shared-secret")}-of-32-characters`;
const OPERATOR_TOKEN = canary("operator-token");
const KEY_SECRET = `${canary("key-secret")}-of-32-or-more-characters`;
const TIMEOUT_MS = 500;

type Line = Readonly<Record<string, unknown>>;

let workerd: WorkerdProcess;
let upstream: RawServer;
let server: RawServer;

/** The reply that a token's end asks for. */
const REPLIES: Readonly<Record<string, RawReply>> = {
  allow: { status: 200, headers: [["x-user", canary("user")]], body: canary("reply-body") },
  denied: { status: 403, headers: [["x-why", canary("reply-header")]], body: canary("reply-body") },
  unknown: { status: 401, headers: [["www-authenticate", canary("challenge")]] },
  login: { status: 302, headers: [["location", `https://login.example/${canary("location")}`]] },
  slowdown: { status: 429, body: canary("reply-body") },
  failing: { status: 500, headers: [["x-ebb-reason", canary("reason")]], body: canary("reply-body") },
  garbage: Buffer.from(`${canary("garbage")}\r\n\r\n`),
  hangs: "hang",
  resets: "reset",
  active: { body: JSON.stringify({ active: true, sub: canary("sub"), scope: canary("scope") }) },
  inactive: { body: JSON.stringify({ active: false, why: canary("why") }) },
  malformed: { body: `<html>${canary("html")}` },
  long: { body: canary("long").repeat(100_000) },
};

beforeAll(async () => {
  upstream = await RawServer.start(() => ({ body: "served" }));
  server = await RawServer.start((request) => {
    const asked = `${JSON.stringify(request.headers)} ${request.body} ${request.target}`;
    const [, wanted = ""] = /token-(\w+)/.exec(decodeURIComponent(asked)) ?? [];
    return REPLIES[wanted] ?? { status: 403 };
  });
  const credentials = [
    { from: "authorization", schemes: ["bearer", "basic"] },
    { from: "cookie", name: "sid" },
    { from: "query", name: "access_token" },
    { from: "header", name: "x-api-key" },
  ];
  const common = (name: string) => ({
    route: { prefix: `/${name}` },
    upstream: { url: upstream.origin },
    clusters: { auth: { url: server.origin, timeoutMs: TIMEOUT_MS } },
  });
  const forward = { protocol: "forward-auth", cluster: "auth", path: "/check", upstreamHeaders: ["x-user"] };
  const services = {
    forward: { ...common("forward"), authorization: forward, credentials },
    edge: { ...common("edge"), authorization: forward, credentials, cache: { edgeTtlMs: 5_000 } },
    introspection: {
      ...common("introspection"),
      authorization: {
        ...{ protocol: "introspection", cluster: "auth", path: "/introspect" },
        clientAuthentication: { type: "basic", id: "gateway", secret: { secret: "TOKEN_SECRET" } },
      },
      rules: [
        { path: "/introspection/scoped/*", scopes: ["orders:write"] },
        { path: "/introspection/open/*", public: true },
      ],
      unmatched: "authenticate",
    },
    strict: {
      ...common("strict"),
      authorization: forward,
      unmatched: "deny",
      rules: [{ path: "/strict/:id", methods: ["GET"] }],
    },
    reporting: {
      ...common("reporting"),
      authorization: forward,
      enforcement: { mode: "report-only", until: "2999-01-01" },
    },
    jwt: {
      ...common("jwt"),
      authorization: {
        ...{
          protocol: "jwt",
          issuers: [{ issuer: "https://login.test", audience: "orders", sharedSecret: { secret: "TOKEN_SECRET" } }],
        },
        upstreamClaims: { sub: "x-user" },
      },
    },
    refusals: { ...common("refusals"), authorization: forward, credentials, log: { decisions: "refused" } },
    never: { ...common("never"), authorization: forward, log: { decisions: "all", sample: 0 } },
    silent: { ...common("silent"), authorization: forward },
  };
  const bundle = await bundleWorker("test/security/entry-logs.ts", {
    SERVICES: services,
    UPSTREAM: upstream.origin,
    CANARY_IN_ERROR: canary("error"),
  });
  const text = { OPERATOR_TOKEN, TOKEN_SECRET, EBB_KEY: KEY_SECRET };
  workerd = await startWorkerd({ gateway: { bundle, text, objects: { SERVICE_OBJECT: "ServiceObject" } } }, [
    "gateway",
  ]);
});
afterAll(async () => {
  await workerd?.stop();
  await Promise.all([upstream?.stop(), server?.stop()]);
});

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Canaries in the places of a request that decide nothing. */
const EVERYWHERE = [
  `Host: ${MARK}-host.example`,
  `User-Agent: ${canary("agent")}`,
  `X-Forwarded-For: ${canary("address")}`,
  `CF-Connecting-IP: ${canary("ip")}`,
  `CF-Ray: ${canary("ray")}`,
  `Traceparent: 00-${TRACE_ID}-${"b7ad6b7169203331"}-01`,
  `Tracestate: ${MARK}=${canary("tracestate")}`,
  `X-Other: ${canary("other")}`,
];

function send(request: RawRequestLines): Promise<RawResponse> {
  return sendRequest(workerd.ports.gateway!, request, 3_000);
}

/** A request to a service with canaries everywhere. @param credential a line of the head */
function ask(
  service: string,
  credential: string,
  { path = "1", method = "GET", body = "" } = {},
): Promise<RawResponse> {
  const target = `/${service}/${path.replace("*", canary("path"))}?q=${canary("query")}`;
  const length = body === "" ? [] : [`Content-Length: ${body.length}`];
  return send({ method, target, headers: [...EVERYWHERE, ...length, credential], body });
}

const bearer = (wanted: string) => `Authorization: Bearer ${canary(`token-${wanted}`)}`;

function lines(): Line[] {
  return workerd
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

const decisionsOf = (service: string): Line[] =>
  lines().filter((line) => line.event === "decision" && line.service === service);

/** The line of the decision on this request alone. */
async function decisionOn(service: string, request: () => Promise<RawResponse>) {
  const before = decisionsOf(service).length;
  const { status } = await request();
  await expect.poll(() => decisionsOf(service).length).toBe(before + 1);
  const line = decisionsOf(service).at(-1)!;
  return { status, line, decided: [line.outcome, line.reason, line.status] };
}

describe("a decision", () => {
  it.each<[wanted: string, status: number, decided: unknown[]]>([
    ["allow", 200, ["allowed", "server", null]],
    ["allow", 200, ["allowed", "cache", null]],
    ["denied", 403, ["refused", "denied", 403]],
    ["unknown", 401, ["refused", "credential", 401]],
    ["login", 302, ["refused", "denied", 302]],
    ["slowdown", 429, ["refused", "throttled", 429]],
    ["failing", 503, ["undecided", "authorization_server_error", 503]],
    ["hangs", 503, ["undecided", "authorization_server_timeout", 503]],
    ["garbage", 503, ["undecided", "authorization_server_unreachable", 503]],
  ])("of forward-auth by %s is logged: %i %j", async (wanted, status, decided) => {
    const decision = await decisionOn("forward", () => ask("forward", bearer(wanted)));
    expect(decision).toMatchObject({ status, decided });
  });

  it("that waits for another request's call says so", async () => {
    const credential = `Authorization: Bearer ${canary("token-allow-2")}`;
    await Promise.all([ask("forward", credential), ask("forward", credential)]);
    await expect.poll(() => decisionsOf("forward").some(({ reason }) => reason === "coalesced")).toBe(true);
  });

  it("of this isolate's own copy says so", async () => {
    await ask("edge", bearer("allow"));
    const decision = await decisionOn("edge", () => ask("edge", bearer("allow")));
    expect(decision).toMatchObject({ status: 200, decided: ["allowed", "isolate", null] });
  });

  it.each<[wanted: string, path: string, status: number, decided: unknown[]]>([
    ["active", "1", 200, ["allowed", "server", null]],
    ["inactive", "1", 401, ["refused", "credential", 401]],
    ["active", "scoped/*", 403, ["refused", "rule", 403]],
    ["malformed", "1", 503, ["undecided", "authorization_server_malformed", 503]],
    ["long", "1", 503, ["undecided", "authorization_server_error", 503]],
  ])("of introspection by %s at %s is logged: %i %j", async (wanted, path, status, decided) => {
    const decision = await decisionOn("introspection", () => ask("introspection", bearer(wanted), { path }));
    expect(decision).toMatchObject({ status, decided });
  });

  it("names the rule by its pattern, never the path", async () => {
    const { line } = await decisionOn("introspection", () =>
      ask("introspection", bearer("active"), { path: "scoped/*" }),
    );
    expect(line).toMatchObject({ rule: "rule-0", pattern: "/introspection/scoped/*" });
    const denied = await decisionOn("strict", () => ask("strict", bearer("allow"), { path: "*/more" }));
    expect(denied).toMatchObject({
      decided: ["refused", "rule", 403],
      line: { rule: null, pattern: null },
    });
  });

  it("of a service that only reports has the status that it would have had", async () => {
    const decision = await decisionOn("reporting", () => ask("reporting", bearer("denied")));
    expect(decision).toMatchObject({ status: 200, decided: ["allowed", "report_only", 403] });
  });

  it("on a token is logged, with what is wrong with it", async () => {
    const key = new TextEncoder().encode(TOKEN_SECRET);
    const token = (claims: object, signed = key) =>
      new SignJWT({ iss: "https://login.test", aud: "orders", sub: canary("subject"), ...claims })
        .setProtectedHeader({ alg: "HS256", kid: canary("kid") })
        .setExpirationTime("1m")
        .sign(signed);
    const tokens = [
      await token({}),
      await token({ iss: canary("issuer"), aud: canary("audience") }),
      await token({}, new TextEncoder().encode("another secret of 32 characters.")),
      canary("no-token"),
    ];
    for (const [index, text] of tokens.entries()) {
      const decision = await decisionOn("jwt", () => ask("jwt", `Authorization: Bearer ${text}`));
      const refused = ["refused", "credential", 401];
      expect(decision.decided).toEqual(index === 0 ? ["allowed", "token", null] : refused);
      const parts = text.split(".");
      if (parts.length > 1) for (const part of parts.slice(1)) expect(workerd.log()).not.toContain(part);
    }
  });

  it("of a filter that traps, refuses a body or does not start is logged", async () => {
    const trapped = await decisionOn("mortal", () =>
      send({ target: "/mortal/1", headers: [...EVERYWHERE, "X-Die: 1"] }),
    );
    expect(trapped.decided).toEqual(["undecided", "filter_failed", 503]);
    const open = await decisionOn("unstartable", () => ask("unstartable", bearer("allow")));
    expect(open.decided).toEqual(["allowed", "fail_open", null]);
    const body = { method: "POST", body: canary("body") };
    const judged = await decisionOn("judging", () => ask("judging", bearer("allow"), body));
    expect(judged.line).toMatchObject({ credential: null, method: "POST" });
  });

  it("is logged whatever becomes of the request after it", async () => {
    const decision = await decisionOn("handled", () => ask("handled", bearer("allow")));
    expect(decision).toMatchObject({ status: 502, line: { outcome: "allowed" } });
  });

  it("looks like the example in docs/logs.md", async () => {
    const page = readFileSync("docs/logs.md", "utf8");
    const examples = page.split("\n").filter((line) => line.startsWith('{"event":"decision"'));
    const { line } = await decisionOn("strict", () =>
      send({ target: "/strict/1", headers: [bearer("denied"), `CF-Ray: ${RAY}`] }),
    );
    expect(line).toMatchObject({ rule: "authenticate", method: "GET", cfRay: RAY });
    const shapeOf = (of: Line) =>
      Object.entries(of).map(([name, value]) => [name, value === null ? "null" : typeof value]);
    const shapes = examples.map((text) => shapeOf(JSON.parse(text)));
    expect(shapes).toContainEqual(shapeOf(line));
    for (const each of lines().filter(({ event }) => event === "decision")) {
      expect(Object.keys(each)).toEqual(Object.keys(line));
      expect(Date.parse(String(each.time))).toBeGreaterThan(Date.now() - 60_000);
      expect(each.tookMs).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("a credential", () => {
  const digestOn = async (service: string, head: string, query = "") => {
    const request = () => send({ target: `/${service}/1${query}`, headers: [head] });
    return (await decisionOn(service, request)).line.credential;
  };

  it("has one digest, wherever it stands and whichever service it is for", async () => {
    const text = canary("token-allow-3");
    const digest = await digestOn("forward", `Authorization: Bearer ${text}`);
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(await digestOn("forward", `Cookie: a=b; sid=${text}`)).toBe(digest);
    expect(await digestOn("forward", `X-Api-Key: ${text}`)).toBe(digest);
    expect(await digestOn("forward", "Accept: */*", `?access_token=${text}`)).toBe(digest);
    expect(await digestOn("strict", `Authorization: Bearer ${text}`)).toBe(digest);
    expect(await digestOn("forward", `Authorization: Bearer ${text}4`)).not.toBe(digest);
  });

  it("that is missing or cannot be read has none", async () => {
    expect(await digestOn("forward", "Accept: */*")).toBeNull();
    expect(await digestOn("forward", `Authorization: Bearer ${canary("two")} ${canary("words")}`)).toBeNull();
  });
});

describe("the log of decisions", () => {
  it("has no public requests, preflights, or services that do not log", async () => {
    const before = lines().filter(({ event }) => event === "decision").length;
    await ask("introspection", bearer("allow"), { path: "open/*" });
    await ask("never", bearer("denied"));
    await ask("silent", bearer("denied"));
    await send({ target: `/nowhere/${canary("path")}`, headers: EVERYWHERE });
    await send({ target: `/forward/%2e%2e/${canary("path")}`, headers: EVERYWHERE });
    await after(200);
    expect(lines().filter(({ event }) => event === "decision")).toHaveLength(before);
  });

  it("has only refusals if it is to have no more", async () => {
    await ask("refusals", bearer("allow"));
    await ask("refusals", bearer("denied"));
    await ask("refusals", bearer("failing"));
    await expect.poll(() => decisionsOf("refusals")).toHaveLength(2);
    expect(decisionsOf("refusals").map(({ outcome }) => outcome)).toEqual(["refused", "undecided"]);
  });
});

describe("an event", () => {
  it("has the ray of the request that caused it", async () => {
    await send({ target: "/forward/1", headers: [bearer("resets"), `CF-Ray: ${RAY}`] });
    await expect
      .poll(() => lines().filter(({ event, cfRay }) => event === "call_failed" && cfRay === RAY))
      .not.toHaveLength(0);
    await send({ target: "/mortal/1", headers: ["X-Die: 1", `CF-Ray: ${RAY}`] });
    await expect
      .poll(() => lines().filter(({ event, cfRay }) => event === "trap" && cfRay === RAY))
      .not.toHaveLength(0);
  });

  it("by the operator has the ray of the operator's request, and no credential", async () => {
    const act = (action: string, body: object, token = OPERATOR_TOKEN) => {
      const text = JSON.stringify(body);
      const headers = [...EVERYWHERE.slice(1, 4), `CF-Ray: ${RAY}`, `Authorization: Bearer ${token}`];
      const length = `Content-Length: ${text.length}`;
      return send({ method: "POST", target: `/stats/${action}`, headers: [...headers, length], body: text });
    };
    expect((await act("purge", { service: "forward", credential: canary("token-allow") })).status).toBe(200);
    expect((await act("restart", { service: "forward" })).status).toBe(200);
    expect((await act("restart", { service: canary("service") })).status).toBe(400);
    expect((await act("purge", {}, canary("wrong-token"))).status).toBe(401);
    expect((await send({ target: `/stats?${canary("query")}`, headers: EVERYWHERE })).status).toBe(401);
    for (const event of ["purge", "restart"]) {
      await expect.poll(() => lines().findLast((line) => line.event === event)).toMatchObject({ cfRay: RAY });
    }
  });
});

it("no line holds what a client or a server chose, or a secret", async () => {
  await ask("silent", bearer("failing"));
  await send({ target: `/forward/1?access_token=${canary("a")}&access_token=${canary("b")}`, headers: EVERYWHERE });
  await send({ target: `/forward/${canary("path")}`, headers: [`Authorization: Basic ${btoa(canary("password"))}`] });
  await after(1_300);
  const log = workerd.log();
  // Otherwise the beginning would be cut off.
  expect(log.length).toBeLessThan(65_536);
  expect(log.split("\n").filter((line) => line.includes(MARK))).toEqual([]);
  expect(log).not.toContain(TRACE_ID);
  expect(log).not.toContain(btoa(canary("password")).slice(0, 12));
  expect(lines().map(({ event }) => event)).toEqual(
    expect.arrayContaining(["decision", "call_failed", "trap", "restart", "purge", "start_failed", "gate_opened"]),
  );
});
