import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** A service that only reports what it would refuse: what passes, as whom, and what does not. */

const day = (days: number) => new Date(Date.now() + days * 24 * 60 * 60_000).toISOString().slice(0, 10);

describe.each(VARIANTS)("with $name, a service that only reports", (variant) => {
  let upstream: RawServer;
  let server: RawServer;
  let gateway: SecurityGateway;
  let isDown = false;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    server = await RawServer.start(({ headers }) => {
      if (isDown) return "reset";
      const [credential] = linesOf({ headers }, "authorization");
      const status = /^Bearer (\d{3})$/.exec(credential ?? "")?.[1];
      if (status !== undefined) return { status: Number(status), headers: [["location", "https://login.example/"]] };
      return credential === "Bearer good" ? { headers: [["x-user", "ann"]] } : { status: 403 };
    });
    const service = (name: string, more: object) => [
      name,
      {
        route: { prefix: `/${name}` },
        upstream: { url: upstream.origin },
        clusters: { auth: { url: server.origin } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", upstreamHeaders: ["x-user"] },
        ...more,
      },
    ];
    const reporting = { mode: "report-only", until: day(30) };
    const services = [
      service("reports", { enforcement: reporting }),
      service("ruled", {
        enforcement: reporting,
        unmatched: "deny",
        rules: [{ path: "/ruled/known" }],
      }),
      service("tokens", {
        enforcement: reporting,
        authorization: { protocol: "api-keys", keys: { secret: "NOT_SET" }, upstreamClaims: { sub: "x-user" } },
      }),
      service("ended", { enforcement: { mode: "report-only", until: day(-1) } }),
      service("last-day", { enforcement: { mode: "report-only", until: day(0) } }),
      service("enforces", {}),
    ];
    gateway = await startGateway({ services: Object.fromEntries(services) }, { variant });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), server?.stop()]);
  });

  async function ask(target: string, headers: string[] = [], method = "GET", body = "") {
    const before = upstream.requests.length;
    const response = await gateway.send({ method, target, headers: ["X-User: forged", ...headers], body });
    const seen = upstream.requests[before];
    return { status: response.status, user: seen && linesOf(seen, "x-user"), body: seen?.body.toString() };
  }

  it("lets pass what it would refuse, without any identity", async () => {
    expect(await ask("/reports/1")).toMatchObject({ status: 200, user: [] });
    expect(await ask("/reports/1", ["Authorization: Bearer bad"])).toMatchObject({ status: 200, user: [] });
    expect(await ask("/ruled/unknown")).toMatchObject({ status: 200, user: [] });
    expect(await ask("/tokens/1", ["Authorization: Bearer k"])).toMatchObject({ status: 200, user: [] });
    expect(await ask("/last-day/1")).toMatchObject({ status: 200, user: [] });
  });

  it.each([302, 307, 400, 401, 403, 404, 429, 500])("lets pass what the server refuses with %i", async (status) => {
    const credential = [`Authorization: Bearer ${status}`];
    expect(await ask("/reports/1", credential)).toMatchObject({ status: 200, user: [] });
    expect(await ask("/enforces/1", credential)).toMatchObject({
      status: status === 500 ? 503 : status,
      user: undefined,
    });
  });

  it("tells the upstream who comes if the request is allowed", async () => {
    expect(await ask("/reports/1", ["Authorization: Bearer good"])).toMatchObject({ status: 200, user: ["ann"] });
  });

  it("passes a body that it would refuse", async () => {
    const headers = ["Content-Length: 5", "Content-Type: text/plain"];
    expect(await ask("/reports/1", headers, "POST", "hello")).toEqual({ status: 200, user: [], body: "hello" });
  });

  it("refuses what nobody can read", async () => {
    for (const target of ["/reports//1", "/reports/%2e%2e/x", "/reports/a%00"]) {
      expect(await ask(target)).toEqual({ status: 400, user: undefined, body: undefined });
    }
    for (const target of ["/reports/1", "/tokens/1"]) {
      const unreadable = ["Authorization: Bearer \xff\xfe"];
      expect(await ask(target, unreadable)).toEqual({ status: 400, user: undefined, body: undefined });
    }
    const body = ["Content-Length: 1"];
    expect(await ask("/reports/1", body, "GET", "x")).toMatchObject({ status: 400, user: undefined });
    expect(await ask("/reports/1", [], "TRACE")).toMatchObject({ user: undefined });
  });

  it("lets pass what could not be decided", async () => {
    isDown = true;
    expect(await ask("/reports/1", ["Authorization: Bearer other"])).toMatchObject({ status: 200, user: [] });
    expect(await ask("/enforces/1", ["Authorization: Bearer other"])).toMatchObject({ status: 503, user: undefined });
    isDown = false;
  });

  it("enforces when its time is over", async () => {
    expect(await ask("/ended/1")).toMatchObject({ status: 401, user: undefined });
    expect(await ask("/enforces/1")).toMatchObject({ status: 401, user: undefined });
  });

  it("counts, logs and warns loudly", async () => {
    expect(gateway.workerd.log()).toContain("services.reports.enforcement: REPORT-ONLY until the end of");
    expect(gateway.workerd.log()).toMatch(/reports: report-only: would refuse a GET with 401 missing_credential/);
    expect(gateway.workerd.log()).not.toContain("Bearer");
    await expect.poll(async () => (await gateway.stats("ruled")).reportOnly, { timeout: 5_000 }).toBe(1);
    expect((await gateway.stats("reports")).enforcement).toEqual({ mode: "report-only", until: day(30) });
    expect((await gateway.stats("enforces")).enforcement).toEqual({ mode: "enforce" });
  });
});
