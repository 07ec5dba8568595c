import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/** Allows kept in the Worker's isolate: who gets in, as whom, and for how long. */

const EDGE_TTL_MS = 2_000;
const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(VARIANTS_AND_ASKING)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;
  /** Rights that a test has taken away. */
  const revoked = new Set<string>();

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(({ headers }) => {
      const line = (name: string) => linesOf({ headers }, name)[0] ?? "";
      const token = line("authorization");
      if (revoked.has(token)) return { status: 403 };
      const seen = [token, line("x-forwarded-method"), line("x-forwarded-uri"), line("x-tenant") || "none"].join(" ");
      const kept = token.includes("no-store") ? "no-store" : "max-age=60";
      return {
        status: 200,
        headers: [
          ["X-User", seen],
          ["Cache-Control", kept],
        ],
      };
    });
    const service = (name: string, cache: object) =>
      [
        name,
        {
          route: { prefix: `/${name}` },
          upstream: { url: upstream.origin },
          clusters: { auth: { url: authorization.origin } },
          authorization: {
            protocol: "forward-auth",
            cluster: "auth",
            path: "/check",
            requestHeaders: ["x-tenant"],
            unkeyedHeaders: ["traceparent"],
            upstreamHeaders: ["x-user"],
          },
          cache,
        },
      ] as const;
    const services = [
      service("orders", { edgeTtlMs: EDGE_TTL_MS }),
      service("short", { maxTtlMs: 300, edgeTtlMs: EDGE_TTL_MS }),
      service("denies", { denyTtlMs: 0, edgeTtlMs: EDGE_TTL_MS }),
    ];
    const change: typeof variant.change = (given) => ({
      ...variant.change(given),
      cache: { ...variant.change(given).cache, ...given.cache },
    });
    gateway = await startGateway({ services: Object.fromEntries(services) }, { variant: { ...variant, change } });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  /** The reply's status, and the identity that the upstream was told. */
  async function ask(target: string, token: string, headers: string[] = [], method = "GET") {
    const before = upstream.requests.length;
    const response = await gateway.send({ method, target, headers: [`Authorization: Bearer ${token}`, ...headers] });
    const [user] = upstream.requests.length > before ? linesOf(upstream.requests.at(-1)!, "x-user") : [];
    return { status: response.status, user };
  }
  /** Calls for this token so far. */
  const calls = (token: string) =>
    authorization.requests.filter((request) => linesOf(request, "authorization")[0] === `Bearer ${token}`).length;

  it("repeats of one request are answered there, with the same identity, and the object counts them", async () => {
    const before = await gateway.stats("orders");
    const answers = [];
    for (let n = 0; n < 10; n += 1) answers.push(await ask("/orders/1", "ann"));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ user }) => user))).toEqual(new Set(["Bearer ann GET /orders/1 none"]));
    await expect
      .poll(async () => (await gateway.stats("orders")).edgeHits - before.edgeHits, { timeout: 5_000 })
      .toBe(9);
    const now = await gateway.stats("orders");
    expect(now.requests - before.requests).toBe(10);
    expect(now.hits - before.hits).toBe(9);
    expect(now.isolate.edgeBytes).toBeGreaterThan(0);
  });

  it("requests that differ in a header outside the key are repeats of one request", async () => {
    const before = await gateway.stats("orders");
    for (let n = 0; n < 10; n += 1) {
      const { user } = await ask("/orders/traced", "ann", n === 5 ? [] : [`Traceparent: ${n}`]);
      expect(user).toBe("Bearer ann GET /orders/traced none");
      expect(linesOf(upstream.requests.at(-1)!, "traceparent")).toEqual(n === 5 ? [] : [`${n}`]);
    }
    await expect
      .poll(async () => (await gateway.stats("orders")).edgeHits - before.edgeHits, { timeout: 5_000 })
      .toBe(9);
    expect((await ask("/orders/traced", "bob", ["Traceparent: 1"])).user).toBe("Bearer bob GET /orders/traced none");
  });

  it("nobody gets another's allow or identity: every part of the question is in the key", async () => {
    const questions: [target: string, token: string, headers?: string[], method?: string][] = [
      ["/orders/2", "ann"],
      ["/orders/2", "bob"],
      ["/orders/3", "ann"],
      ["/orders/2?a", "ann"],
      ["/orders/2", "ann", ["X-Tenant: blue"]],
      ["/orders/2", "ann", ["X-Tenant: red"]],
      ["/orders/2", "ann", [], "DELETE"],
      ["/orders/2", "ann\u00a0"],
    ];
    for (let round = 0; round < 2; round += 1) {
      for (const [target, token, headers = [], method = "GET"] of questions) {
        const tenant = headers[0]?.split(": ")[1] ?? "none";
        const { status, user } = await ask(target, token, headers, method);
        if (status === 200) expect(user).toBe(`Bearer ${token} ${method} ${target} ${tenant}`);
        else expect(user).toBeUndefined();
      }
    }
  });

  it("a client's own identity header never passes for one that is kept", async () => {
    await ask("/orders/4", "ann");
    const { user } = await ask("/orders/4", "ann", ["X-User: root"]);
    expect(user).toBe("Bearer ann GET /orders/4 none");
  });

  it("a purge takes effect at once where it is asked for, and says how long others may take", async () => {
    await ask("/orders/5", "mallory");
    await ask("/orders/5", "mallory");
    revoked.add("Bearer mallory");
    const response = await fetch(`http://127.0.0.1:${gateway.port}/stats/purge`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ service: "orders", credential: "mallory" }),
    });
    expect(await response.json()).toMatchObject({ services: { orders: { purged: 1, edgeTtlMs: EDGE_TTL_MS } } });
    expect((await ask("/orders/5", "mallory")).status).toBe(403);
  });

  it("a decision lives no longer there than in the object", async () => {
    expect((await ask("/short/1", "eve")).status).toBe(200);
    revoked.add("Bearer eve");
    await after(400);
    expect((await ask("/short/1", "eve")).status).toBe(403);
  });

  it("refusals are not kept", async () => {
    revoked.add("Bearer late");
    expect((await ask("/denies/1", "late")).status).toBe(403);
    revoked.delete("Bearer late");
    expect((await ask("/denies/1", "late")).status).toBe(200);
  });

  it("what the authorization server forbids to keep is asked for each time", async () => {
    for (let n = 1; n <= 3; n += 1) {
      expect((await ask("/orders/6", "no-store")).status).toBe(200);
      expect(calls("no-store")).toBe(n);
    }
    expect((await gateway.stats("orders")).forbiddenToKeep).toBe(3);
  });
});
