import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COOKIE, madeSession, OPERATOR_HOST, ORIGIN, onHost, PROTO_HEADER } from "./operator-browser.ts";
import { headerOf } from "./raw-client.ts";
import { RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** An upstream that answered on the operator's host could act as the operator in the browser. None does. */

const TOKEN = "sixteen-letters!";

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let gateway: SecurityGateway;
  let moved: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    const service = (route: { prefix: string } | { hosts: [string] }) =>
      ({
        route,
        upstream: { url: upstream.origin },
        clusters: { auth: { url: "http://127.0.0.1:9" } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
        rules: [{ path: "/*", public: true }],
        preflight: "pass",
      }) as const;
    const services = { site: service({ prefix: "/" }), shops: service({ hosts: ["*.example.com"] }) };
    const options = { variant, text: { EBB_DEV: "", OPERATOR_TOKEN: TOKEN }, protoHeader: PROTO_HEADER };
    gateway = await startGateway({ operator: { host: OPERATOR_HOST }, services }, options);
    moved = await startGateway({ operator: { metricsPath: "/ops/metrics", healthPath: false }, services }, options);
  });
  afterAll(async () => {
    await Promise.all([gateway?.stop(), moved?.stop()]);
    await upstream?.stop();
  });

  it.each([OPERATOR_HOST, "OPS.Example.com", `${OPERATOR_HOST}.`, `${OPERATOR_HOST}:443`, `${OPERATOR_HOST}:8443`])(
    "no service answers on %s, by any method, path or form of the request line",
    async (host) => {
      const before = upstream.requests.length;
      const preflight = ["Origin: https://a.example", "Access-Control-Request-Method: GET"];
      const requests = [
        { target: "/" },
        { target: "/orders/1?a=b" },
        { target: "/statsX" },
        { target: "/metrics/" },
        { target: "/healthz/deep" },
        { method: "POST", target: "/x", headers: ["Content-Length: 0"] },
        { method: "OPTIONS", target: "/x", headers: preflight },
        { target: "/x", headers: ["Upgrade: websocket", "Connection: Upgrade"] },
        { target: "/x", headers: ["X-Forwarded-Host: api.example", "Forwarded: host=api.example"] },
        { target: `http://${host}/x` },
      ];
      for (const request of requests) {
        const response = await gateway.send({ ...request, headers: onHost(host, ...(request.headers ?? [])) });
        expect([response.status, headerOf(response, "x-ebb-reason")]).toEqual([404, "no_service"]);
      }
      expect(upstream.requests.length).toBe(before);
    },
  );

  it.each(["/%2e/x", "//x", "/a/../x", "/x%00", "/a\\b", "/%73tats"])(
    "a path that has two readings is refused there too: %s",
    async (target) => {
      const before = upstream.requests.length;
      expect([400, 404]).toContain((await gateway.send({ target, headers: onHost(OPERATOR_HOST) })).status);
      expect(upstream.requests.length).toBe(before);
    },
  );

  it("services answer on all other hosts, and the operator's pages with the token everywhere", async () => {
    for (const host of ["api.example", "a.ops.example.com", "shops.example.com", "ops.example"]) {
      expect((await gateway.send({ target: "/x", headers: onHost(host) })).body).toBe("served");
      for (const target of ["/stats", "/metrics"]) {
        expect((await gateway.send({ target, headers: onHost(host) })).status).toBe(401);
      }
      const headers = onHost(host, `Authorization: Bearer ${TOKEN}`);
      expect((await gateway.send({ target: "/stats", headers })).status).toBe(200);
    }
    const headers = onHost(OPERATOR_HOST, `Authorization: Bearer ${TOKEN}`);
    expect((await gateway.send({ target: "/stats", headers })).status).toBe(200);
  });

  it("a script with the token acts on any host, without an Origin", async () => {
    for (const host of ["api.example", OPERATOR_HOST]) {
      const headers = onHost(host, `Authorization: Bearer ${TOKEN}`, "Content-Length: 15");
      const request = { method: "POST", target: "/stats/restart", headers, body: '{"dryRun":true}' };
      expect((await gateway.send(request)).status).toBe(200);
    }
  });

  it("a script of an upstream, on its own host, gets nothing with a session", async () => {
    const cookie = `Cookie: ${COOKIE}=${madeSession(TOKEN)}`;
    const headers = onHost("shops.example.com", cookie, "Sec-Fetch-Site: same-origin", "Content-Length: 2");
    for (const origin of [ORIGIN, "Origin: https://shops.example.com"]) {
      const request = { method: "POST", target: "/stats/purge", headers: [...headers, origin], body: "{}" };
      expect((await gateway.send(request)).status).toBe(401);
    }
  });

  it("pages outside the prefix are where the configuration puts them, and nowhere else", async () => {
    const before = upstream.requests.length;
    for (const target of ["/metrics", "/metrics?x=1"]) expect((await gateway.send({ target })).status).toBe(401);
    expect((await gateway.send({ target: "/healthz" })).body).not.toBe("served");
    expect((await moved.send({ target: "/ops/metrics" })).status).toBe(401);
    expect(upstream.requests.length).toBe(before);
    for (const target of ["/metrics", "/healthz", "/ops/metrics/x", "/ops"]) {
      expect((await moved.send({ target })).body).toBe("served");
    }
    for (const target of ["/metrics/", "/metricsX", "/Metrics"]) {
      expect((await gateway.send({ target })).body).toBe("served");
    }
    expect((await moved.send({ target: "/stats/metrics" })).status).toBe(401);
  });
});
