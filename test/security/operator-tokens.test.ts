import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  COOKIE,
  madeSession,
  OPERATOR_HOST,
  ORIGIN,
  onHost,
  PROTO_HEADER,
  sessionIn,
  signIn,
} from "./operator-browser.ts";
import { headerOf, type RawResponse } from "./raw-client.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** A token for single services sees, restarts and purges these, and does not even learn which others exist. */

const ALL = "opens-all-services";
const ORDERS = "opens-the-orders-only";
const BOTH = "opens-orders-and-bills";
const SHORT = "too-short";
const TWIN = "two-secrets-have-this";

describe.each(VARIANTS)("with $name", (variant) => {
  const gateways: SecurityGateway[] = [];
  let gateway: SecurityGateway;
  let teamsOnly: SecurityGateway;

  beforeAll(async () => {
    const service = (name: string) =>
      ({
        route: { prefix: `/${name}` },
        upstream: { url: "http://127.0.0.1:9" },
        clusters: { auth: { url: "http://127.0.0.1:9" } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      }) as const;
    const tokens = [
      { secret: "ORDERS_TOKEN", services: ["orders"] },
      { secret: "FINANCE_TOKEN", services: ["bills", "orders"] },
      { secret: "SHORT_TOKEN", services: ["orders"] },
      { secret: "UNSET_TOKEN", services: ["orders"] },
      { secret: "TWIN_TOKEN", services: ["orders"] },
      { secret: "OTHER_TWIN_TOKEN", services: ["orders", "bills", "secrets"] },
    ];
    const text = {
      EBB_DEV: "",
      ORDERS_TOKEN: ORDERS,
      FINANCE_TOKEN: BOTH,
      SHORT_TOKEN: SHORT,
      TWIN_TOKEN: TWIN,
      OTHER_TWIN_TOKEN: TWIN,
    };
    const services = {
      orders: service("orders"),
      bills: service("bills"),
      // What is missing here is no business of the teams.
      secrets: { ...service("secrets"), upstream: { binding: "SECRET_UPSTREAM" } },
    };
    const start = async (own: Record<string, string>) => {
      const started = await startGateway(
        { operator: { host: OPERATOR_HOST, tokens }, services },
        { variant, text: { ...text, ...own }, protoHeader: PROTO_HEADER },
      );
      gateways.push(started);
      return started;
    };
    gateway = await start({ OPERATOR_TOKEN: ALL });
    teamsOnly = await start({});
  });
  afterAll(() => Promise.all(gateways.map((started) => started.stop())));

  const bearer = (token: string, ...headers: string[]) => [`Authorization: Bearer ${token}`, ...headers];
  const look = (headers: readonly string[], at = gateway) => at.send({ target: "/stats", headers });
  const act = (action: string, body: object, headers: readonly string[]) => {
    const text = JSON.stringify(body);
    return gateway.send({
      method: "POST",
      target: `/stats/${action}`,
      headers: [...headers, `Content-Length: ${text.length}`],
      body: text,
    });
  };
  const names = (response: RawResponse): string[] => {
    expect(response.status).toBe(200);
    const { services } = JSON.parse(response.body) as { services: { name: string }[] | Record<string, object> };
    return Array.isArray(services) ? services.map(({ name }) => name) : Object.keys(services);
  };

  it("a token sees its services only, and what is missing for these only", async () => {
    expect(names(await look(bearer(ALL)))).toEqual(["orders", "bills", "secrets"]);
    expect(names(await look(bearer(BOTH)))).toEqual(["orders", "bills"]);
    const ofTeam = await look(bearer(ORDERS));
    expect(names(ofTeam)).toEqual(["orders"]);
    expect(ofTeam.body).not.toMatch(/bills|secrets|SECRET_UPSTREAM/);
    expect((await look(bearer(ALL))).body).toMatch(/SECRET_UPSTREAM/);
  });

  it.each([
    ["restart", { dryRun: true }],
    ["restart", {}],
    ["purge", {}],
    ["purge", { credential: "abc" }],
  ])("a %s %j without a service is about all that the token may", async (action, body) => {
    expect(names(await act(action, body, bearer(ORDERS)))).toEqual(["orders"]);
    expect(names(await act(action, body, bearer(BOTH)))).toEqual(["orders", "bills"]);
    expect(names(await act(action, { ...body, service: "bills" }, bearer(BOTH)))).toEqual(["bills"]);
  });

  it.each(["restart", "purge"])("a %s of another service is refused, as if it did not exist", async (action) => {
    const refusals = await Promise.all(
      ["bills", "secrets", "no-such-service", "", "orders ", "Orders", "__proto__", "length"].map((service) =>
        act(action, { service }, bearer(ORDERS)),
      ),
    );
    for (const { status, body } of refusals) {
      expect([status, body]).toEqual([403, '{"error":"other_service"}']);
    }
    expect((await act(action, { service: ["orders"] }, bearer(ORDERS))).status).toBe(400);
    const unknown = await act(action, { service: "no-such-service" }, bearer(ALL));
    expect([unknown.status, unknown.body]).toEqual([400, expect.stringContaining("orders, bills, secrets")]);
  });

  it("a session has the limits of the token that opened it", async () => {
    const cookie = `Cookie: ${COOKIE}=${sessionIn(await signIn(gateway, ORDERS))}`;
    const headers = onHost(OPERATOR_HOST, cookie, ORIGIN);
    expect(names(await look(headers))).toEqual(["orders"]);
    expect(names(await act("purge", {}, headers))).toEqual(["orders"]);
    expect((await act("purge", { service: "bills" }, headers)).status).toBe(403);
  });

  it("the holder of a token cannot make a session of another one", async () => {
    const claimed = `Cookie: ${COOKIE}=${madeSession(ORDERS, { secret: "OPERATOR_TOKEN" })}`;
    expect((await look(onHost(OPERATOR_HOST, claimed))).status).toBe(401);
    const [, ...rest] = sessionIn(await signIn(gateway, ORDERS)).split(".");
    const renamed = `Cookie: ${COOKIE}=${["OPERATOR_TOKEN", ...rest].join(".")}`;
    expect((await look(onHost(OPERATOR_HOST, renamed))).status).toBe(401);
  });

  it.each([SHORT, TWIN])("a secret with the value %s opens nothing, and the log says so without it", async (value) => {
    expect((await look(bearer(value, "CF-Connecting-IP: 192.0.2.31"))).status).toBe(401);
    expect((await signIn(gateway, value)).status).toBe(401);
    const log = gateway.workerd.log();
    expect(log).toMatch(/secret SHORT_TOKEN opens nothing: found 9 characters/);
    expect(log).toMatch(/secret TWIN_TOKEN opens nothing: found the value of OTHER_TWIN_TOKEN/);
    expect(log).toMatch(/secret OTHER_TWIN_TOKEN opens nothing: found the value of TWIN_TOKEN/);
    expect(log).not.toContain(value);
  });

  it("tokens of single services open theirs where no token opens all", async () => {
    expect(names(await look(bearer(ORDERS), teamsOnly))).toEqual(["orders"]);
    expect((await look(bearer(ALL), teamsOnly)).status).toBe(401);
    for (const value of ["undefined", "null", ""]) {
      expect((await look(bearer(value), teamsOnly)).status).toBe(401);
    }
  });

  it("a token of one service gives no further guesses at the token of all", async () => {
    const address = "CF-Connecting-IP: 192.0.2.32";
    const statuses: number[] = [];
    for (let n = 0; n < 10; n += 1) {
      await look(bearer(ORDERS, address));
      statuses.push((await look(bearer(`guess-number-${n}-xxxx`, address))).status);
    }
    expect(statuses).toEqual(new Array(10).fill(401));
    expect((await look(bearer(ORDERS, address))).status).toBe(429);
  });

  it("pages that need a token need one at each of their paths", async () => {
    for (const target of ["/metrics", "/stats/metrics"]) {
      for (const headers of [[], bearer("wrong-but-long-enough", "CF-Connecting-IP: 192.0.2.33")]) {
        const refused = await gateway.send({ target, headers });
        expect([refused.status, headerOf(refused, "x-ebb-reason")]).toEqual([401, "operator_token_required"]);
      }
      expect((await gateway.send({ target, headers: bearer(ALL, "Sec-Fetch-Site: cross-site") })).status).toBe(403);
      for (const token of [ALL, ORDERS]) {
        expect((await gateway.send({ target, headers: bearer(token) })).status).not.toBe(401);
      }
      const post = await gateway.send({ method: "POST", target, headers: bearer(ALL, "Content-Length: 0") });
      expect([post.status, headerOf(post, "allow")]).toEqual([405, "GET"]);
    }
  });

  it("the health check needs none, and a wrong one there counts as a guess", async () => {
    for (const target of ["/healthz", "/stats/healthz"]) {
      expect([401, 403, 404]).not.toContain((await gateway.send({ target })).status);
      expect((await gateway.send({ method: "POST", target, headers: ["Content-Length: 0"] })).status).toBe(405);
    }
    const address = "CF-Connecting-IP: 192.0.2.34";
    for (let n = 0; n < 10; n += 1) {
      await gateway.send({ target: "/healthz", headers: bearer(`guess-number-${n}-xxxx`, address) });
    }
    expect((await look(bearer(ALL, address))).status).toBe(429);
    expect([401, 403, 429]).not.toContain((await gateway.send({ target: "/healthz", headers: [address] })).status);
  });
});
