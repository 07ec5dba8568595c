import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, type RawReply, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/**
 * A service fails open, or uses stale decisions, only when its authorization server answers no one. Clients must not be
 * able to cause that.
 */

const PROBE_LIMITS = { intervalMs: 100, timeoutMs: 300, idleMs: 60_000, silenceMs: 1_500 };
const TIMEOUT_MS = 500;

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the condition holds, at most 10 s. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 200 && !(await condition()); n += 1) await after(50);
}

const isProbe = (request: RawRequest) => linesOf(request, "authorization").length === 0;

describe.each(VARIANTS)("with $name, a service", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let answer: (request: RawRequest) => RawReply | Promise<RawReply>;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start((request) => answer(request));
    const common = {
      upstream: { url: upstream.origin },
      clusters: { auth: { url: authorization.origin, timeoutMs: TIMEOUT_MS } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check?a=b", upstreamHeaders: ["x-user"] },
      cache: { maxTtlMs: 1, staleIfErrorMs: 600_000 },
      failOpen: true,
    } as const;
    const names = ["busy", "poisoned", "throttled", "refused", "gone", "balanced", "stale", "hurt"];
    const services = names.map((name) => [name, { ...common, route: { prefix: `/${name}` } }] as const);
    gateway = await startGateway(
      {
        services: {
          ...Object.fromEntries(services),
          balanced: {
            ...common,
            route: { prefix: "/balanced" },
            clusters: { auth: { ...common.clusters.auth, probe: { path: "/healthz", behindBalancer: true } } },
          },
        },
      },
      { variant, probeLimits: PROBE_LIMITS },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  async function ask(service: string, token: string) {
    const response = await gateway.send({
      target: `/${service}/1`,
      headers: [`Authorization: Bearer ${token}`, "X-User: root"],
    });
    return { status: response.status, reason: headerOf(response, "x-ebb-reason") };
  }
  const stateOf = async (service: string) => (await gateway.stats(service)).clusters.auth!.state;
  const failedOpen = async (service: string) => (await gateway.stats(service)).failedOpen;

  it("does not fail open when many wrong tokens keep a slow server busy", { timeout: 30_000 }, async () => {
    let turn: Promise<unknown> = Promise.resolve();
    answer = async () => {
      turn = turn.then(() => after(120));
      await turn;
      return { status: 403 };
    };
    const statuses = new Set<number>();
    const endsMs = Date.now() + 2_500;
    const flood = Array.from({ length: 20 }, async (_, n) => {
      for (let m = 0; Date.now() < endsMs; m += 1) statuses.add((await ask("busy", `wrong-${n}-${m}`)).status);
    });
    await Promise.all(flood);
    expect(statuses).not.toContain(200);
    expect(await failedOpen("busy")).toBe(0);
  });

  it("neither fails open nor delays others when the server never answers one token", {
    timeout: 30_000,
  }, async () => {
    answer = (request) => (linesOf(request, "authorization")[0] === "Bearer poison" ? "hang" : { status: 200 });
    for (let n = 0; n < 6; n += 1) {
      expect((await ask("poisoned", "poison")).status).toBe(503);
      expect((await ask("poisoned", `good-${n}`)).status).toBe(200);
    }
    expect(await failedOpen("poisoned")).toBe(0);
  });

  it.each([503, 502, 504, 500, 429])("does not fail open when only calls get %i", async (status) => {
    answer = (request) => ({ status: isProbe(request) ? 401 : status });
    const endsMs = Date.now() + 2_500;
    while (Date.now() < endsMs) {
      expect((await ask("throttled", "one")).status).toBe(status === 429 ? 429 : 503);
      await after(100);
    }
    expect([await failedOpen("throttled"), await stateOf("throttled")]).toEqual([0, "answering"]);
  });

  it.each([503, 500, 404, 302])("does not fail open when all calls and probes get %i", async (status) => {
    answer = () => ({ status });
    const endsMs = Date.now() + 2_500;
    while (Date.now() < endsMs) {
      expect((await ask("refused", "one")).status).not.toBe(200);
      await after(100);
    }
    expect(await failedOpen("refused")).toBe(0);
  });

  it("fails open a while after the server stops answering, until its first answer", {
    timeout: 30_000,
  }, async () => {
    answer = () => "reset";
    const started = Date.now();
    expect((await ask("gone", "one")).status).toBe(503);
    await until(async () => (await ask("gone", "one")).status === 200);
    expect(Date.now() - started).toBeGreaterThanOrEqual(PROBE_LIMITS.silenceMs);
    expect(linesOf(upstream.requests.at(-1)!, "x-user")).toEqual([]);
    expect(await stateOf("gone")).toBe("unreachable");
    expect(await failedOpen("gone")).toBeGreaterThan(0);
    answer = () => ({ status: 403 });
    await until(async () => (await stateOf("gone")) === "answering");
    expect((await ask("gone", "one")).status).toBe(403);
  });

  it("sends no client's call to a silent server, and puts nothing of a client into probes", async () => {
    answer = () => "hang";
    await ask("gone", "secret-token");
    await until(async () => (await stateOf("gone")) === "silent");
    const before = authorization.requests.length;
    expect(await ask("gone", "secret-token")).toEqual({ status: 503, reason: "authorization_server_unreachable" });
    await after(800);
    const probes = authorization.requests.slice(before);
    expect(probes.length).toBeGreaterThan(0);
    for (const probe of probes) {
      expect([probe.method, probe.target]).toEqual([variant.checkMethod ?? "GET", "/check?a=b"]);
      expect(JSON.stringify(probe.headers)).not.toMatch(/secret|gone|api\.example/);
    }
    answer = () => ({ status: 200 });
    authorization.disconnect();
    await until(async () => (await stateOf("gone")) === "answering");
  });

  it("fails open when a server behind a balancer answers the probe's path with 503", { timeout: 30_000 }, async () => {
    answer = () => ({ status: 503 });
    expect((await ask("balanced", "one")).status).toBe(503);
    await until(async () => (await ask("balanced", "one")).status === 200);
    expect(await stateOf("balanced")).toBe("unreachable");
    expect(authorization.requests.some(({ target }) => target === "/healthz")).toBe(true);
    answer = ({ target }) => ({ status: target === "/healthz" ? 204 : 403 });
    await until(async () => (await stateOf("balanced")) === "answering");
    expect((await ask("balanced", "one")).status).toBe(403);
  });

  it("uses no stale decision after errors for one token while the server answers others", async () => {
    answer = () => ({ status: 200 });
    expect((await ask("hurt", "ann")).status).toBe(200);
    for (const status of [500, 502, 503, 504]) {
      answer = (request) => ({ status: isProbe(request) ? 401 : status });
      const endsMs = Date.now() + 2_000;
      while (Date.now() < endsMs) {
        expect((await ask("hurt", "ann")).status).toBe(503);
        await after(200);
      }
    }
  });

  it("uses stale decisions when the server fails for all, until it answers", {
    timeout: 30_000,
  }, async () => {
    answer = () => ({ status: 200 });
    expect((await ask("stale", "ann")).status).toBe(200);
    await after(10);
    answer = () => ({ status: 503 });
    expect((await ask("stale", "ann")).status).toBe(503);
    await until(async () => (await ask("stale", "ann")).status === 200);
    expect((await ask("stale", "bob")).status).toBe(503);
    expect(await failedOpen("stale")).toBe(0);
    answer = () => ({ status: 403 });
    expect((await ask("stale", "ann")).status).toBe(403);
  });
});
