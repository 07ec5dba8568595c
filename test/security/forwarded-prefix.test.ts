import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/**
 * An upstream whose prefix is stripped builds its links and redirects with `X-Forwarded-Prefix`. It is the gateway's alone: with one
 * of its own, a client could send others to another path, or to `//evil.example`.
 */

const FORGED = [
  "X-Forwarded-Prefix: //evil.example",
  "X-Forwarded-Prefix: /admin",
  "X_Forwarded_Prefix: //evil.example",
  "x-forwarded-prefix: ",
  "X-Forwarded-Path: /admin",
  "X-Script-Name: /admin",
  "Connection: x-forwarded-prefix",
];

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    // As frameworks behind a proxy: the prefix comes before the paths of their own.
    upstream = await RawServer.start((request) => ({
      status: 302,
      headers: [["location", `${linesOf(request, "x-forwarded-prefix")[0] ?? ""}/login`]],
    }));
    authorization = await RawServer.start((request) => ({
      status: linesOf(request, "authorization")[0] === "Bearer good" ? 200 : 403,
    }));
    const common = {
      upstream: { url: `${upstream.origin}/base` },
      clusters: { auth: { url: authorization.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    } as const;
    gateway = await startGateway(
      {
        services: {
          stripped: {
            ...common,
            route: { prefix: "/shop/orders", stripPrefix: true },
            rules: [{ path: "/shop/orders/open", public: true }],
            preflight: "pass",
          },
          reporting: {
            ...common,
            route: { prefix: "/reporting", stripPrefix: true },
            enforcement: { mode: "report-only", until: "2999-01-01" },
          },
          kept: { ...common, route: { prefix: "/kept" }, rules: [{ path: "/kept/open", public: true }] },
          bound: { ...common, upstream: { binding: "UPSTREAM" }, route: { prefix: "/bound", stripPrefix: true } },
        },
      },
      { variant, bindings: { UPSTREAM: upstream.port } },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  async function ask(target: string, headers: readonly string[] = [], method = "GET") {
    const [served, checked] = [upstream.requests.length, authorization.requests.length];
    const response = await gateway.send({ method, target, headers: ["Authorization: Bearer good", ...headers] });
    const prefixes = (requests: RawRequest[]) => requests.map((request) => linesOf(request, "x-forwarded-prefix"));
    return {
      location: headerOf(response, "location"),
      targets: upstream.requests.slice(served).map((request) => request.target),
      upstream: prefixes(upstream.requests.slice(served)),
      checks: prefixes(authorization.requests.slice(checked)),
    };
  }

  it.each([[], FORGED, ...FORGED.map((line) => [line])])("is the prefix that was stripped: %j", async (...forged) => {
    const answer = await ask("/shop/orders/1?a=b", forged);
    expect(answer).toMatchObject({
      targets: ["/base/1?a=b"],
      upstream: [["/shop/orders"]],
      location: "/shop/orders/login",
    });
  });

  it("comes on every way to the upstream", async () => {
    expect((await ask("/shop/orders", FORGED)).upstream).toEqual([["/shop/orders"]]);
    expect((await ask("/shop/orders/open", FORGED)).upstream).toEqual([["/shop/orders"]]);
    expect((await ask("/bound/1", FORGED)).upstream).toEqual([["/bound"]]);
    expect((await ask("/reporting/1", [...FORGED, "Authorization: Bearer bad"])).upstream).toEqual([["/reporting"]]);
    const preflight = ["Origin: https://app.example", "Access-Control-Request-Method: GET"];
    expect((await ask("/shop/orders/1", [...FORGED, ...preflight], "OPTIONS")).upstream).toEqual([["/shop/orders"]]);
  });

  it("does not come where nothing is stripped, not from clients either", async () => {
    for (const target of ["/kept/1", "/kept/open"]) {
      expect(await ask(target, FORGED)).toMatchObject({
        targets: [`/base${target}`],
        upstream: [[]],
        location: "/login",
      });
    }
  });

  it("does not come to the authorization server, which is asked about the whole path", async () => {
    const before = authorization.requests.length;
    const { checks } = await ask("/shop/orders/2", FORGED);
    expect(checks).toEqual([[]]);
    expect(linesOf(authorization.requests[before]!, "x-forwarded-uri")).toEqual(["/shop/orders/2"]);
  });
});
