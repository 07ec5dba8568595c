import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/**
 * The operator's pages purge and restart. They need the operator token, and no other client can lock the operator out.
 */

const TOKEN = "sixteen-letters!";

describe.each(VARIANTS)("with $name", (variant) => {
  const gateways: SecurityGateway[] = [];
  let deployed: SecurityGateway;
  let weak: SecurityGateway;
  let developing: SecurityGateway;

  beforeAll(async () => {
    const start = async (text: Record<string, string>) => {
      const service = {
        route: { prefix: "/" },
        upstream: { url: "http://127.0.0.1:9" },
        clusters: { auth: { url: "http://127.0.0.1:9" } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      } as const;
      const gateway = await startGateway({ services: { orders: service } }, { variant, text });
      gateways.push(gateway);
      return gateway;
    };
    deployed = await start({ EBB_DEV: "", OPERATOR_TOKEN: TOKEN });
    weak = await start({ EBB_DEV: "", OPERATOR_TOKEN: TOKEN.slice(1) });
    developing = await start({});
  });
  afterAll(() => Promise.all(gateways.map((gateway) => gateway.stop())));

  async function stats(gateway: SecurityGateway, ...headers: string[]) {
    const response = await gateway.send({ target: "/stats", headers });
    return {
      status: response.status,
      reason: headerOf(response, "x-ebb-reason"),
      wait: headerOf(response, "retry-after"),
    };
  }
  const from = (address: string, token: string) =>
    stats(deployed, `Authorization: Bearer ${token}`, ...(address === "" ? [] : [`CF-Connecting-IP: ${address}`]));

  it("a token of sixteen characters opens the pages", async () => {
    expect((await from("192.0.2.99", TOKEN)).status).toBe(200);
  });

  it("a slash at the end leads to the page, on the same host, and shows nothing by itself", async () => {
    for (const query of ["", "?service=orders&window=15m", "?//evil.example/", "?%0d%0aset-cookie:a=b"]) {
      const reply = await deployed.send({ target: `/stats/${query}` });
      expect([reply.status, headerOf(reply, "location"), reply.body]).toEqual([308, `/stats${query}`, ""]);
      expect(headerOf(reply, "set-cookie")).toBeUndefined();
    }
    for (const target of ["/stats//", "/stats//evil.example", "/stats/x/"]) {
      expect((await deployed.send({ target })).status).toBe(401);
    }
    expect((await deployed.send({ target: "/stats/", headers: ["Sec-Fetch-Site: cross-site"] })).status).toBe(403);
  });

  it("a shorter token does not open them, and the log says so", async () => {
    expect(await stats(weak, `Authorization: Bearer ${TOKEN.slice(1)}`)).toMatchObject({
      status: 503,
      reason: "operator_token_unusable",
    });
    expect(await stats(weak)).toMatchObject({ status: 503 });
    expect(weak.workerd.log()).toMatch(/secret OPERATOR_TOKEN opens nothing: found 15 characters/);
  });

  it.each([
    ["an IPv4 address", (n: number) => (n < 0 ? "192.0.2.1" : "192.0.2.1"), "192.0.2.2"],
    ["the addresses of one /64", (n: number) => `2001:db8:0:1::${(n + 2).toString(16)}`, "2001:db8:0:2::1"],
    ["clients without an address", () => "", "192.0.2.3"],
  ])("after wrong guesses, %s must wait even with the right token, but others need not", async (_, guesser, other) => {
    const statuses: number[] = [];
    for (let n = 0; n < 30; n += 1) statuses.push((await from(guesser(n), `guess-number-${n}-xxxx`)).status);
    expect(statuses.filter((status) => status === 401).length).toBe(10);
    expect(statuses.slice(10)).toEqual(new Array(20).fill(429));
    const paused = await from(guesser(-1), TOKEN);
    expect(paused).toMatchObject({ status: 429, reason: "too_many_attempts" });
    expect(Number(paused.wait)).toBeGreaterThan(0);
    expect((await from(other, TOKEN)).status).toBe(200);
  });

  it("a purge that did not reach a service gets an error", async () => {
    const service = (prefix: string) =>
      ({
        route: { prefix },
        upstream: { url: "http://127.0.0.1:9" },
        clusters: { auth: { url: "http://127.0.0.1:9" } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      }) as const;
    const orders = service("/orders");
    const gateway = await startGateway(
      { services: { orders, bills: service("/bills") } },
      { variant, objects: { services: { orders } } },
    );
    gateways.push(gateway);
    const purge = (body: string) =>
      gateway.send({
        method: "POST",
        target: "/stats/purge",
        headers: ["Host: localhost", `Content-Length: ${body.length}`],
        body,
      });
    expect((await purge('{"credential":"abc","service":"orders"}')).status).toBe(200);
    for (const body of ['{"credential":"abc","service":"bills"}', "{}"]) {
      const response = await purge(body);
      expect(response.status).toBe(503);
      expect(JSON.parse(response.body).services.bills.error).toMatch(/no service bills/);
    }
  });

  it("a request without a token does not count as a guess", async () => {
    for (let n = 0; n < 30; n += 1) expect((await stats(deployed, "CF-Connecting-IP: 192.0.2.7")).status).toBe(401);
    expect((await from("192.0.2.7", TOKEN)).status).toBe(200);
  });

  it.each(["evil.example:8787", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "10.0.0.1", "[::2]"])(
    "in development, requests to the name %s are refused",
    async (host) => {
      for (const [method, target] of [
        ["GET", "/stats"],
        ["POST", "/stats/purge"],
        ["POST", "/stats/restart"],
      ] as const) {
        const headers = [`Host: ${host}`, `Origin: http://${host}`, "Content-Length: 2"].slice(
          0,
          method === "GET" ? 2 : 3,
        );
        const body = method === "GET" ? "" : "{}";
        const response = await developing.send({ method, target, headers, body });
        expect([response.status, headerOf(response, "x-ebb-reason")]).toEqual([403, "not_this_machine"]);
      }
    },
  );

  it.each(["localhost:8787", "LOCALHOST", "ebb.localhost", "127.0.0.1", "127.0.0.2:80", "[::1]:8787"])(
    "in development, requests to the name %s are accepted",
    async (host) => {
      expect((await stats(developing, `Host: ${host}`)).status).toBe(200);
    },
  );
});
