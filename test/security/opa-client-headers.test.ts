import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, type RawReply, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json } from "./token-issuer.ts";
import { VARIANTS } from "./variants.ts";

/** What OPA's `response_headers_to_add` gives the client beside an allow: what the configuration names, once, unbroken, or nothing. */

describe.each(VARIANTS)("with $name, response_headers_to_add of OPA", (variant) => {
  let opa: RawServer;
  let idp: RawServer;
  let upstream: RawServer;
  let gateway: SecurityGateway;
  let answer: (request: RawRequest) => RawReply | Promise<RawReply>;
  let served: RawReply;

  beforeAll(async () => {
    opa = await RawServer.start((request) => answer(request));
    idp = await RawServer.start(() =>
      json({
        active: true,
        sub: "ada",
        result: { allowed: true, response_headers_to_add: { "x-plan": "of the idp" } },
      }),
    );
    upstream = await RawServer.start(() => served);
    const service = (name: string, authorization: object = {}, more: object = {}) => ({
      route: { prefix: `/${name}` },
      upstream: { url: upstream.origin },
      clusters: { opa: { url: opa.origin, timeoutMs: 2_000 }, idp: { url: idp.origin } },
      authorization: {
        protocol: "opa",
        cluster: "opa",
        path: "/v1/data/http",
        clientHeaders: ["set-cookie", "x-plan"],
        ...authorization,
      } as const,
      ...more,
    });
    const until = new Date(Date.now() + 864e5).toISOString().slice(0, 10);
    const subject = { cluster: "idp", path: "/introspect", clientAuthentication: { type: "none" } };
    gateway = await startGateway(
      {
        services: {
          orders: service("orders"),
          plain: service("plain", { clientHeaders: [] }),
          unkeyed: service("unkeyed", { unkeyedHeaders: ["x-trace"] }),
          subject: service("subject", { subject }),
          report: service("report", {}, { enforcement: { mode: "report-only", until } }),
          stale: service("stale", {}, { cache: { maxTtlMs: 1, staleIfErrorMs: 60_000 } }),
        },
      },
      { variant },
    );
  });
  afterAll(async () => {
    await Promise.all([gateway, opa, idp, upstream].map((each) => each?.stop()));
  });
  beforeEach(() => {
    for (const { requests } of [opa, idp, upstream]) requests.length = 0;
    served = { body: "served" };
  });

  const gives = (added: unknown, more: object = {}) => {
    answer = () => json({ result: { allowed: true, response_headers_to_add: added, ...more } });
  };
  let tokens = 0;
  const ask = (token = `token-${++tokens}`, service = "orders", headers: string[] = []) =>
    gateway.send({ target: `/${service}/1`, headers: [`Authorization: Bearer ${token}`, ...headers] });
  const linesFor = (response: Awaited<ReturnType<typeof ask>>, wanted: string) =>
    response.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);

  it("go to the client if they are named, each value in a line, beside the upstream's cookies", async () => {
    served = {
      headers: [
        ["set-cookie", "own=1"],
        ["x-plan", "of the upstream"],
        ["x-other", "of the upstream"],
        ["cache-control", "public, max-age=60"],
      ],
      body: "served",
    };
    gives([{ "Set-Cookie": ["a=b; HttpOnly", "c=d, e"] }, { "X-Plan": "gold", "x-other": "no", "x-ebb-reason": "no" }]);
    const response = await ask();
    expect([response.status, response.body]).toEqual([200, "served"]);
    expect(linesFor(response, "set-cookie")).toEqual(["own=1", "a=b; HttpOnly", "c=d, e"]);
    expect(linesFor(response, "x-plan")).toEqual(["gold"]);
    expect(linesFor(response, "x-other")).toEqual(["of the upstream"]);
    expect(headerOf(response, "cache-control")).toMatch(/^private/);
    expect(headerOf(response, "x-ebb-reason")).toBeUndefined();
    expect(linesOf(upstream.requests[0]!, "x-plan")).toEqual([]);
  });

  it("keep the allow from being kept, so each request gets its own", async () => {
    let calls = 0;
    answer = () => json({ result: { allowed: true, response_headers_to_add: { "x-plan": `call ${++calls}` } } });
    const plans = [];
    for (let round = 0; round < 3; round += 1) plans.push(headerOf(await ask("each"), "x-plan"));
    expect(plans).toEqual(["call 1", "call 2", "call 3"]);
  });

  it.each([
    ["unnamed", { "x-other": "1" }],
    ["null", null],
    ["empty", { "x-plan": [] }],
  ])("let the allow be kept if they are %s", async (what, added) => {
    gives(added);
    for (let round = 0; round < 3; round += 1) {
      const response = await ask(`kept ${what}`.replace(" ", "-"));
      expect(response.status).toBe(200);
      expect(linesFor(response, "x-other")).toEqual([]);
    }
    expect(opa.requests).toHaveLength(1);
  });

  it("are ignored where the configuration names none, whatever they are", async () => {
    gives({ "set-cookie": "a=b\r\nx: y", "x-plan": 7 });
    for (let round = 0; round < 2; round += 1) {
      const response = await ask("plain", "plain");
      expect(response.status).toBe(200);
      expect(linesFor(response, "set-cookie")).toEqual([]);
    }
    expect(opa.requests).toHaveLength(1);
  });

  it.each(["orders", "unkeyed"])("go to one of many clients that send the same at once: %s", async (service) => {
    let calls = 0;
    answer = async () => {
      const call = ++calls;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return json({ result: { allowed: true, response_headers_to_add: { "set-cookie": `call=${call}` } } });
    };
    const token = `together-${service}`;
    const responses = await Promise.all([1, 2, 3, 4].map((at) => ask(token, service, [`X-Trace: ${at}`])));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const cookies = responses.flatMap((response) => linesFor(response, "set-cookie"));
    expect(new Set(cookies).size).toBe(cookies.length);
    expect(cookies).toHaveLength(opa.requests.length);
  });

  it("count in the decision only, not in the reply about the subject", async () => {
    gives(undefined);
    expect(linesFor(await ask("subject-1", "subject"), "x-plan")).toEqual([]);
    gives({ "x-plan": "gold" });
    expect(linesFor(await ask("subject-2", "subject"), "x-plan")).toEqual(["gold"]);
    expect([idp.requests.length, opa.requests.length]).toEqual([2, 2]);
  });

  it.each<[string, unknown]>([
    ["a line break", { "x-plan": "gold\r\nset-cookie: evil=1\r\n\r\n<html>" }],
    ["a line feed in a cookie", { "set-cookie": ["a=b", "c=d\nx"] }],
    ["NUL", { "x-plan": "go\0ld" }],
    ["half a character", { "x-plan": "go\ud800ld" }],
    ["a number", { "x-plan": 7 }],
    ["an object as a value", { "set-cookie": { a: "b" } }],
    ["a text for all", "set-cookie: a=b"],
    ["a list of texts", ["x-plan"]],
    ["too many", { "set-cookie": Array.from({ length: 2_000 }, (_, at) => `a${at}=1`) }],
  ])("that cannot be given as they are let nobody in: %s", async (_, added) => {
    gives(added);
    const response = await ask();
    expect([response.status, JSON.parse(response.body).error]).toEqual([503, "authorization_server_malformed"]);
    expect(response.bytes).not.toContain("evil");
    expect(linesFor(response, "set-cookie")).toEqual([]);
    expect(upstream.requests).toHaveLength(0);
    gives({ "x-plan": "gold" });
    expect((await ask()).status).toBe(200);
  });

  it.each(["gölden", "金", "😀"])("arrive as they are, or not at all, beyond ASCII: %s", async (text) => {
    gives({ "x-plan": text });
    const response = await ask();
    expect(response.status).toBe(200);
    expect(Buffer.from(headerOf(response, "x-plan") ?? "", "latin1").toString()).toBe(text);
  });

  it("arrive with an upstream that fails, because a session may be renewed already", async () => {
    served = "reset";
    gives({ "set-cookie": "a=b" });
    const response = await ask();
    expect(response.status).toBe(502);
    expect(linesFor(response, "set-cookie")).toEqual(["a=b"]);
  });

  it("do not matter beside a denial, and do not arrive, also while the service only reports", async () => {
    for (const added of [{ "set-cookie": "a=b" }, { "x-plan": "a\r\nb" }, 7]) {
      gives(added, { allowed: false });
      const denied = await ask();
      expect(denied.status).toBe(403);
      expect(linesFor(denied, "set-cookie")).toEqual([]);
      const reported = await ask(undefined, "report");
      expect(reported.body).toBe("served");
      expect(linesFor(reported, "set-cookie")).toEqual([]);
    }
  });

  const COOKIE = '"response_headers_to_add": {"set-cookie": "evil=1"}';
  it.each([
    ["the result twice", `{"result": {"allowed": false}, "result": {"allowed": true, ${COOKIE}}}`],
    ["the result twice, once escaped", `{"result": false, "r\\u0065sult": {"allowed": true, ${COOKIE}}}`],
    ["the decision twice", `{"result": {"allowed": false, "allowed": true, ${COOKIE}}}`],
    ["the decision by two names", `{"result": {"allow": true, "allowed": false, ${COOKIE}}}`],
    ["the headers twice", `{"result": {"allowed": true, ${COOKIE}, "response_headers_to_add": {}}}`],
    ["an end that is none", `{"result": {"allowed": true, ${COOKIE}}} {}`],
    ["too much", `{"result": {"allowed": true, ${COOKIE}, "x": "${"x".repeat(40_000)}"}}`],
    ["too deep", `{"result": {"allowed": true, ${COOKIE}, "x": ${"[".repeat(9_000)}${"]".repeat(9_000)}}}`],
  ])("give nothing in a reply that two readers may read differently: %s", async (what, body) => {
    const token = `differently-${what.replaceAll(/\W/g, "-")}`;
    answer = () => ({ headers: [["content-type", "application/json"]], body });
    for (let round = 0; round < 2; round += 1) {
      const response = await ask(token);
      expect([response.status, JSON.parse(response.body).error]).toEqual([503, "authorization_server_malformed"]);
      expect(response.bytes).not.toContain("evil");
    }
    expect(upstream.requests).toHaveLength(0);
  });

  it("are never those of an earlier reply that stands in for a server that fails", async () => {
    gives({ "x-other": "kept" });
    expect((await ask("stale", "stale")).status).toBe(200);
    gives({ "x-plan": "gold" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(headerOf(await ask("stale", "stale"), "x-plan")).toBe("gold");
    answer = () => ({ status: 500 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(headerOf(await ask("stale", "stale"), "x-plan")).toBeUndefined();
  });
});
