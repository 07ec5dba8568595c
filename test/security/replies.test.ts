import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { type RawReply, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/** Replies of real authorization servers, and the responses that the client gets. */
describe.each(VARIANTS_AND_ASKING)("with $name, a reply", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;
  let answer: RawReply = {};
  let asked = 0;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(() => answer);
    const common = {
      upstream: { url: upstream.origin },
      clusters: { auth: { url: authorization.origin } },
    };
    gateway = await startGateway(
      {
        services: {
          introspection: {
            ...common,
            route: { prefix: "/introspection" },
            rules: [{ path: "/introspection/scoped", scopes: ["orders:read", "orders:write"] }],
            authorization: {
              protocol: "introspection",
              cluster: "auth",
              path: "/introspect",
              clientAuthentication: { type: "none" },
            },
          },
          forward: {
            ...common,
            route: { prefix: "/forward" },
            authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
          },
          authzen: {
            ...common,
            route: { prefix: "/authzen" },
            authorization: { protocol: "authzen", cluster: "auth" },
          },
          opa: {
            ...common,
            route: { prefix: "/opa" },
            authorization: { protocol: "opa", cluster: "auth", path: "/v1/data/allow" },
          },
        },
      },
      { variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  function send(target: string, reply: RawReply, token = `t${asked++}`) {
    answer = reply;
    return gateway.send({ target, headers: [`Authorization: Bearer ${token}`] });
  }

  const json = (value: unknown): RawReply => ({ body: typeof value === "string" ? value : JSON.stringify(value) });
  const inAnHour = Math.floor(Date.now() / 1000) + 3_600;

  it.each<[string, unknown, number]>([
    ["/introspection/1", { active: false, scope: null, sub: null, exp: null }, 401],
    ["/introspection/1", '{"active":false,"exp":{},"exp":1}', 401],
    ["/introspection/1", { active: null }, 503],
    ["/introspection/1", { active: true, exp: inAnHour }, 200],
    ["/introspection/1", { active: true, exp: String(inAnHour) }, 200],
    ["/introspection/1", { active: true, exp: "soon" }, 503],
    ["/introspection/1", { active: true, exp: 1_000_000_000 }, 401],
    ["/introspection/1", { active: true, exp: "1000000000" }, 401],
    ["/introspection/1", { active: true, exp: Math.floor(Date.now() / 1000) - 1 }, 401],
    ["/introspection/1", { active: true, nbf: inAnHour }, 401],
    ["/introspection/1", { active: true, nbf: Math.floor(Date.now() / 1000) + 5 }, 200],
    ["/introspection/1", { active: true, sub: 7 }, 200],
    ["/introspection/scoped", { active: true, scope: ["orders:read", "orders:write"] }, 200],
    ["/introspection/scoped", { active: true, scope: ["orders:read"] }, 403],
    ["/introspection/scoped", { active: true, scope: ["orders:read orders:write"] }, 503],
    ["/introspection/scoped", { active: true, scope: null }, 403],
    ["/authzen/1", { decision: true, context: null }, 200],
    ["/authzen/1", { decision: false, context: null }, 403],
    ["/authzen/1", { decision: true, context: { headers: null } }, 200],
    ["/authzen/1", { decision: null }, 503],
    ["/opa/1", { result: true, decision_id: null }, 200],
    ["/opa/1", { result: { allow: true, headers: null } }, 200],
    ["/opa/1", { result: { allow: false, headers: 7 } }, 403],
    ["/opa/1", { result: null }, 503],
  ])("to %s of %j gives %i", async (target, body, status) => {
    expect((await send(target, json(body))).status).toBe(status);
  });

  it.each(["introspection", "authzen", "opa"])("of 429 to %s gives 503 with its Retry-After", async (service) => {
    const response = await send(`/${service}/1`, { status: 429, headers: [["Retry-After", "17"]], body: "slow down" });
    expect([response.status, headerOf(response, "retry-after")]).toEqual([503, "17"]);
    expect(response.body).toBe('{"error":"authorization_server_error"}');
  });

  it("of 429 to forward-auth is passed on with its Retry-After", async () => {
    const response = await send("/forward/1", { status: 429, headers: [["Retry-After", "17"]], body: "slow down" });
    expect([response.status, headerOf(response, "retry-after"), response.body]).toEqual([429, "17", "slow down"]);
  });

  it("that allows may have a body of any size, which the gateway does not read", async () => {
    expect((await send("/forward/1", { body: "x".repeat(3_000_000) })).status).toBe(200);
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    const chunked = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(40)}0\r\n\r\n`;
    expect((await send("/forward/1", Buffer.from(chunked))).status).toBe(200);
  });

  it.each([32_769, 65_536])("that refuses has its page of %i bytes passed on unchanged", async (size) => {
    const page = Array.from({ length: size }, (_, at) => String.fromCharCode(0x21 + (at % 94))).join("");
    const response = await send("/forward/1", { status: 403, headers: [["Content-Type", "text/html"]], body: page });
    expect([response.status, response.body === page, headerOf(response, "content-type")]).toEqual([
      403,
      true,
      "text/html",
    ]);
  });

  it("that refuses with a larger page has its page replaced by the reason", async () => {
    const response = await send("/forward/1", { status: 403, body: "x".repeat(65_537) });
    expect([response.status, response.body]).toEqual([403, '{"error":"denied"}']);
  });

  it.each<[string, string, number]>([
    ["in the past", new Date(Date.now() - 60_000).toUTCString(), 2],
    ["not a date", "0", 2],
    ["in the future", new Date(Date.now() + 600_000).toUTCString(), 1],
  ])("whose Expires is %s is cached accordingly", async (_, expires, calls) => {
    const before = authorization.requests.length;
    const token = `t${asked++}`;
    for (let time = 0; time < 2; time++) {
      expect((await send("/forward/1", { headers: [["Expires", expires]] }, token)).status).toBe(200);
    }
    expect(authorization.requests.length - before).toBe(calls);
  });
});
