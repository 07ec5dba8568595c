import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf, sendBytes } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/** Bytes that two parsers may read differently, in a path, a credential or a body's length. */
describe.each(VARIANTS_AND_ASKING)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start((request) => {
      const [credential] = linesOf(request, "authorization");
      if (credential === undefined) return { status: 401 };
      return { status: credential.startsWith("Bearer allow-") ? 200 : 403 };
    });
    const orders = {
      route: { prefix: "/orders" },
      upstream: { binding: "UPSTREAM" },
      clusters: { auth: { url: authorization.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", uri: "none" },
    } as const;
    gateway = await startGateway(
      { services: { orders } },
      { variant, bindings: { UPSTREAM: upstream.port }, text: { EBB_DEV: "" } },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  const send = async (bytes: string) => (await sendBytes(gateway.port, bytes)).bytes;

  async function get(target: string, headers: readonly string[] = ["Authorization: Bearer allow-ann"]) {
    const response = await gateway.send({ target, headers });
    return { status: response.status, reason: headerOf(response, "x-ebb-reason"), body: response.body };
  }

  describe("a path that two parsers could read differently", () => {
    it.each([
      "/orders/../secret",
      "/orders/./1",
      "/orders/..",
      "/orders/%2e%2e/secret",
      "/orders/%2E./secret",
      "/orders/..;/secret",
      "/orders/;x/admin",
      "/;/orders/1",
      "/orders/%3bx",
      "/orders//1",
      "//orders/1",
      "/orders%2fsecret",
      "/orders%2Fsecret",
      "/orders%5csecret",
      "/orders\\secret",
      "/\\evil.example/orders",
      "/orders/%00",
      "/orders/%0d%0aX-User:root",
      "/orders/%",
      "/orders/%zz",
      "/%6frders/1",
      "/orders/%c0%ae%c0%ae/",
      "http://other.example//orders/1",
    ])("is refused: %s", async (target) => {
      const { status, body } = await get(target);
      expect(status).toBe(400);
      expect(JSON.parse(body)).toHaveProperty("error");
    });

    it("with bytes beyond ASCII is refused, by the runtime", async () => {
      expect((await get("/orders/caf\xe9")).status).toBe(400);
    });

    it("is not confused with an ordinary path, which passes", async () => {
      for (const target of ["/orders", "/orders/", "/orders/caf%C3%A9/a%20b?q=%2F..%00", "/orders/a:b@c,d;e=f"]) {
        expect([target, (await get(target)).status]).toEqual([target, 200]);
        const received = upstream.requests.at(-1)!;
        expect([received.target, linesOf(received, "host")]).toEqual([target, ["api.example"]]);
      }
    });
  });

  describe("an operator's page", () => {
    it.each([
      ["/stats", 401],
      ["/stats?x", 401],
      ["http://localhost/stats", 401],
      // To /stats, which does not open either.
      ["/stats/", 308],
      ["/%73tats", 400],
      ["/./stats", 400],
      ["/Stats", 404],
    ])("does not open for a Host header or another spelling of its path: %s", async (target, status) => {
      expect((await get(target, ["X-Forwarded-Host: localhost"])).status).toBe(status);
      const local = await send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect(local).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`));
    });
  });

  describe("a credential", () => {
    it("that is not UTF-8 is refused, because two tokens could become one", async () => {
      const one = await get("/orders/1", ["Authorization: Bearer allow-\xe9"]);
      const other = await get("/orders/1", ["Authorization: Bearer allow-\xe8"]);
      expect([one.status, other.status]).toEqual([400, 400]);
      expect(one.reason).toBe("header_not_utf8");
    });

    it("that is not visible ASCII is refused", async () => {
      expect(await get("/orders/1", ["Authorization: Bearer allow-\xc3\xa9"])).toMatchObject({ status: 401 });
    });

    it("given twice is refused", async () => {
      const headers = ["Authorization: Bearer deny-bob", "Authorization: Bearer allow-ann"];
      expect(await get("/orders/1", headers)).toMatchObject({ status: 401, reason: "malformed_credential" });
    });

    it.each([
      "Basic YWxsb3ctYW5u",
      "Bearer",
      "Bearer ",
      "Bearer allow-ann extra",
      "allow-ann",
      "Bearer\tallow-ann",
      `Bearer ${"a".repeat(12_000)}`,
    ])("that is malformed gets 401 with a challenge: %.30s", async (value) => {
      const response = await send(
        `GET /orders/1 HTTP/1.1\r\nHost: api.example\r\nAuthorization: ${value}\r\nConnection: close\r\n\r\n`,
      );
      expect(response).toMatch(/^HTTP\/1\.1 401/);
      expect(response).toMatch(/www-authenticate: Bearer/i);
    });
  });

  describe("a second request", () => {
    it("cannot hide in a body whose length is given twice", async () => {
      const hidden = "GET /orders/hidden HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer allow-ann\r\n\r\n";
      const response = await send(
        `POST /orders/1 HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer allow-ann\r\nContent-Length: ${hidden.length}\r\nContent-Length: 0\r\n\r\n${hidden}`,
      );
      expect(response).toMatch(/^HTTP\/1\.1 400/);
      expect(upstream.requests.map(({ target }) => target)).not.toContain("/orders/hidden");
    });

    it("cannot hide behind an unsupported upgrade, which is ignored", async () => {
      const { status } = await get("/orders/1", [
        "Authorization: Bearer deny-bob",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMA",
      ]);
      expect(status).toBe(403);
    });

    it("cannot hide in a GET with a body, which is refused", async () => {
      const headers = ["Authorization: Bearer allow-ann", "Content-Length: 4"];
      const response = await send(
        [`GET /orders/1 HTTP/1.1`, "Host: api.example", ...headers, "Connection: close", "\r\nbody"].join("\r\n"),
      );
      expect(response).toMatch(/^HTTP\/1\.1 400/);
    });
  });

  describe("a request", () => {
    it("with too many header bytes gets 431", async () => {
      const { status } = await get("/orders/1", [`Authorization: Bearer allow-${"x".repeat(70_000)}`]);
      expect(status).toBe(431);
    });

    it("with an endless body is refused without waiting for its end", async () => {
      const response = await send(
        "POST /orders/1 HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nbody\r\n",
      );
      expect(response).toMatch(/^HTTP\/1\.1 401/);
    });
  });
});
