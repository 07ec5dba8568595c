import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json } from "./token-issuer.ts";
import { VARIANTS } from "./variants.ts";

/** Results of OPA as policies for Envoy give them: what reaches the upstream, and what the client. */

describe.each(VARIANTS)("with $name, a result of OPA", (variant) => {
  let opa: RawServer;
  let upstream: RawServer;
  let gateway: SecurityGateway;
  let result: unknown;

  beforeAll(async () => {
    opa = await RawServer.start(() => json({ result }));
    upstream = await RawServer.start(() => ({ body: "served" }));
    const service = (name: string, more: object = {}) => ({
      route: { prefix: `/${name}` },
      upstream: { url: upstream.origin },
      clusters: { opa: { url: opa.origin, timeoutMs: 2_000 } },
      authorization: {
        protocol: "opa",
        cluster: "opa",
        path: "/v1/data/http",
        upstreamHeaders: ["x-user", "x-roles"],
      } as const,
      ...more,
    });
    const reporting = { enforcement: { mode: "report-only", until: "2099-01-01" } } as const;
    gateway = await startGateway(
      { services: { orders: service("orders"), report: service("report", reporting) } },
      { variant },
    );
  });
  afterAll(async () => {
    await Promise.all([gateway, opa, upstream].map((each) => each?.stop()));
  });
  beforeEach(() => {
    opa.requests.length = 0;
    upstream.requests.length = 0;
  });

  let tokens = 0;
  const ask = (headers: string[] = [], token = `token-${++tokens}`, service = "orders") =>
    gateway.send({ target: `/${service}/1`, headers: [`Authorization: Bearer ${token}`, ...headers] });

  it("sets only configured headers of the upstream, and no client can", async () => {
    result = { allowed: true, headers: { "X-Roles": ["a", "b"], "x-admin": "1", host: "evil", ":path": "/evil" } };
    expect((await ask(["X-User: eve", "X-Roles: root", "X-Admin: mine"])).status).toBe(200);
    const passed = upstream.requests[0]!;
    expect(passed.target).toBe("/orders/1");
    expect(linesOf(passed, "x-roles")).toEqual(["a, b"]);
    expect(linesOf(passed, "x-user")).toEqual([]);
    expect(linesOf(passed, "x-admin")).toEqual(["mine"]);
  });

  it("removes headers of the client's that the filter has never seen, also by a decision that is kept", async () => {
    result = { allowed: true, request_headers_to_remove: ["X-Internal", "cookie", "authorization", "x-forwarded-for"] };
    for (let round = 0; round < 3; round += 1) {
      await ask(["X-Internal: 1", "Cookie: a=b", "X-Other: 2"], "removed");
    }
    expect(opa.requests).toHaveLength(1);
    expect(upstream.requests).toHaveLength(3);
    for (const passed of upstream.requests) {
      for (const name of ["x-internal", "cookie", "authorization", "x-forwarded-for"]) {
        expect(linesOf(passed, name)).toEqual([]);
      }
      expect(linesOf(passed, "x-other")).toEqual(["2"]);
    }
  });

  it.each<[string, object]>([
    ["no list", { request_headers_to_remove: "x-internal" }],
    ["a broken name", { request_headers_to_remove: ["x-internal\r\nx-admin: 1"] }],
    ["a line break in a header", { headers: { "x-user": "ada\r\nx-admin: 1" } }],
    ["a header twice", { headers: [{ "x-user": "ada" }, { "X-USER": "eve" }] }],
    ["a change of the query", { query_parameters_to_remove: ["token"] }],
  ])("that cannot be carried out lets nobody in: %s", async (_, more) => {
    result = { allowed: true, ...more };
    const { status, body } = await ask(["X-Internal: 1"]);
    expect([status, JSON.parse(body).error]).toEqual([503, "authorization_server_malformed"]);
    expect(upstream.requests).toHaveLength(0);
  });

  it("gives the client status, headers and body of a denial, and nothing that is not for it", async () => {
    result = {
      allowed: false,
      http_status: 401,
      headers: {
        "www-authenticate": 'Bearer realm="policy"',
        "set-cookie": ["a=b; HttpOnly", "c=d"],
        "x-internal": "secret",
        "content-length": "1",
        "transfer-encoding": "chunked",
        "x-ebb-reason": "allowed",
      },
      body: "<script>alert(1)</script>",
    };
    const denied = await ask();
    expect(denied.status).toBe(401);
    expect(denied.body).toBe("<script>alert(1)</script>");
    expect(headerOf(denied, "content-type")).toBe("text/plain");
    expect(denied.headers.filter(([name]) => name.toLowerCase() === "set-cookie")).toHaveLength(2);
    expect(headerOf(denied, "www-authenticate")).toBe('Bearer realm="policy"');
    expect(headerOf(denied, "x-internal")).toBeUndefined();
    expect(headerOf(denied, "x-ebb-reason")).toBe("denied");
    expect(upstream.requests).toHaveLength(0);
  });

  it("that denies is kept by no browser, unless the policy says so", async () => {
    for (const status of [301, 403, 404, 410]) {
      result = { allowed: false, http_status: status, body: "no" };
      const denied = await ask();
      expect([denied.status, headerOf(denied, "cache-control")]).toEqual([status, "no-store"]);
    }
    result = { allowed: false, http_status: 410, headers: { "cache-control": "max-age=60" } };
    expect(headerOf(await ask(), "cache-control")).toBe("max-age=60");
  });

  it("cannot split the response of a denial", async () => {
    result = {
      allowed: false,
      headers: { location: "https://a.example/\r\nset-cookie: a=b\r\n\r\n<html>" },
      http_status: 302,
    };
    const denied = await ask();
    expect(denied.status).toBe(302);
    expect(denied.bytes).not.toContain("a=b");
    expect(denied.bytes).not.toContain("<html>");
  });

  it.each([200, 101, 204, 999, 0, "401"])("that denies with the status %j is a 403", async (status) => {
    result = { allowed: false, http_status: status, body: "no" };
    expect((await ask()).status).toBe(403);
    expect(upstream.requests).toHaveLength(0);
  });

  it("that denies lets a request pass, without anything of the result, while the service only reports", async () => {
    result = { allowed: false, headers: { "x-user": "ada" }, http_status: 302, body: "no" };
    expect((await ask(["X-User: eve"], undefined, "report")).body).toBe("served");
    expect(linesOf(upstream.requests[0]!, "x-user")).toEqual([]);
  });
});
