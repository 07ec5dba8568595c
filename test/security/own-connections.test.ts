import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import { HOST_LIMITS } from "../../wasm/host/index.ts";
import { sendRequest } from "./raw-client.ts";
import { linesOf, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** Calls in invocations of their own: how many at once, for whom, and where they can go. */

const CHECK_MS = 200;
const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;
  let underWay = 0;
  let most = 0;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(async (request) => {
      const token = linesOf(request, "authorization")[0] ?? "";
      if (token.startsWith("Bearer hang")) return "hang";
      underWay += 1;
      most = Math.max(most, underWay);
      await after(CHECK_MS);
      underWay -= 1;
      return { status: token.startsWith("Bearer good") ? 200 : 403 };
    });
    const service = (name: string, cluster: object = {}) =>
      [
        name,
        {
          route: { prefix: `/${name}` },
          upstream: { url: upstream.origin },
          clusters: { auth: { url: authorization.origin, ...cluster } },
          authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
        },
      ] as const;
    const services = [
      service("many"),
      service("steady"),
      service("few", { concurrency: 9 }),
      service("hanging", { timeoutMs: 1_000 }),
    ];
    gateway = await startGateway({ services: Object.fromEntries(services) }, { variant });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  async function ask(target: string, token: string, address: string): Promise<number> {
    const headers = [`Authorization: Bearer ${token}`, `CF-Connecting-IP: ${address}`];
    return (await gateway.send({ target, headers })).status;
  }

  it("more than six checks run at once, and a flood of unknown tokens keeps no newcomer out", async () => {
    most = 0;
    const flood = Array.from({ length: 120 }, (_, n) => ask("/many/1", `junk-${n}`, "192.0.2.1"));
    await after(50);
    expect(await ask("/many/1", "good-newcomer", "198.51.100.1")).toBe(200);
    const statuses = new Set(await Promise.all(flood));
    expect([...statuses].every((status) => status === 403 || status === 429)).toBe(true);
    expect(most).toBeGreaterThan(6);
    expect(most).toBeLessThanOrEqual(64);
  });

  it("two hundred unknown tokens a second are all decided, and cached requests beside them served", {
    timeout: 60_000,
  }, async () => {
    expect(await ask("/steady/1", "good-known", "203.0.113.1")).toBe(200);
    const calls = (await gateway.stats("steady")).outbound;
    const unknown: Promise<number>[] = [];
    const known: Promise<number>[] = [];
    for (let tick = 0; tick < 80; tick += 1) {
      for (let n = 0; n < 5; n += 1) {
        const client = tick * 5 + n;
        unknown.push(ask("/steady/1", `junk-${client}`, `198.51.${client >> 8}.${client & 255}`));
      }
      known.push(ask("/steady/1", "good-known", "203.0.113.1"));
      await after(25);
    }
    expect(new Set(await Promise.all(known))).toEqual(new Set([200]));
    expect(new Set(await Promise.all(unknown))).toEqual(new Set([403]));
    expect((await gateway.stats("steady")).outbound - calls).toBe(unknown.length);
  });

  it("the configured number holds", async () => {
    most = 0;
    const flood = Array.from({ length: 30 }, (_, n) => ask("/few/1", `few-${n}`, `198.51.100.${n}`));
    await Promise.all(flood);
    expect(most).toBe(9);
    expect((await gateway.stats("few")).clusters.auth!.concurrency).toBe(9);
  });

  it("a call that times out ends at the server too", async () => {
    const waiting = ask("/hanging/1", "hang-1", "192.0.2.1");
    await expect.poll(() => authorization.hanging).toBe(1);
    expect(await waiting).toBe(503);
    await expect.poll(() => authorization.hanging, { timeout: 5_000 }).toBe(0);
  });
});

describe("an entry that does not export the entrypoint", () => {
  it("keeps working, with six checks at once, and the log says what one line more would give", async () => {
    let underWay = 0;
    let most = 0;
    const server = await RawServer.start(async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await after(50);
      underWay -= 1;
      return { status: 200 };
    });
    const services = {
      orders: {
        route: { prefix: "/" },
        upstream: { url: server.origin },
        clusters: { auth: { url: server.origin } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      },
    };
    const bundle = await bundleWorker("test/security/entry-without-calls.ts", {
      GATEWAY: { services },
      PROBE_LIMITS: null,
    });
    const worker = { bundle, objects: { SERVICE_OBJECT: "ServiceObject" } };
    const workerd = await startWorkerd({ worker }, ["worker"]);
    try {
      const asked = Array.from({ length: 30 }, (_, n) =>
        sendRequest(workerd.ports.worker!, {
          target: "/1",
          headers: [`Authorization: Bearer t-${n}`, `CF-Connecting-IP: 198.51.100.${n}`],
        }),
      );
      await expect.poll(() => most).toBe(6);
      await Promise.all(asked);
      expect(workerd.log()).toContain("export const AuthorizationCalls = gateway.AuthorizationCalls;");
    } finally {
      await workerd.stop();
      await server.stop();
    }
  });
});

describe("the entrypoint for calls", () => {
  let authorization: RawServer;
  let other: RawServer;
  let workerd: WorkerdProcess;

  beforeAll(async () => {
    const answer = ({ method, target }: RawRequest) => ({ body: `${method} ${target}` });
    authorization = await RawServer.start(answer);
    other = await RawServer.start(answer);
    const gateway = {
      services: {
        orders: {
          route: { prefix: "/" },
          upstream: { url: other.origin },
          clusters: { auth: { url: authorization.origin } },
          authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
        },
      },
    };
    const bundle = await bundleWorker("test/security/entrypoint-caller.ts", { GATEWAY: gateway, PROBE_LIMITS: null });
    const worker = { bundle, objects: { SERVICE_OBJECT: "ServiceObject" } };
    workerd = await startWorkerd({ caller: worker }, ["caller"]);
  });
  afterAll(async () => {
    await workerd?.stop();
    await Promise.all([authorization?.stop(), other?.stop()]);
  });

  /** What the entrypoint answers, or its error. */
  async function call(props: unknown, url: string, init: RequestInit = {}): Promise<string> {
    const body = JSON.stringify({ props, url, init });
    const headers = [`Content-Length: ${body.length}`];
    const response = await sendRequest(workerd.ports.caller!, { method: "POST", target: "/", headers, body });
    return response.body.toString();
  }
  const target = { service: "orders", cluster: "auth" };

  it("sends a request to the named server, with its method, path, headers and body", async () => {
    const init = { method: "POST", headers: { "x-one": "1" }, body: "body" };
    expect(await call(target, "https://any.example/a/b?c", init)).toBe("POST /a/b?c");
    const sent = authorization.requests.at(-1)!;
    expect(linesOf(sent, "x-one")).toEqual(["1"]);
    expect(linesOf(sent, "content-length")).toEqual(["4"]);
    expect(linesOf(sent, "host")).toEqual([new URL(authorization.origin).host]);
    expect(sent.body.toString()).toBe("body");
  });

  it.each(["/a?", "/?", "/a?b?", "/a//b", "/%2e%2e%2f", "/a|b'c?d'e|f"])("keeps the path %s", async (path) => {
    const { href } = new URL(`https://any.example${path}`);
    expect(await call(target, `https://any.example${path}`)).toBe(`GET ${href.slice("https://any.example".length)}`);
  });

  it("never sends one anywhere else, whatever the URL says", async () => {
    const hosts = [
      other.origin,
      other.origin.replace("//", "//user:secret@"),
      "https://evil.example:8443",
      "http://[::1]",
    ];
    for (const path of ["/x", "//evil.example/x", "/@evil.example", "/..//x", "", "?x", "#/x", "?@evil.example/x"]) {
      for (const host of hosts) expect(await call(target, host + path)).toMatch(/^GET \//);
    }
    expect(other.requests).toEqual([]);
  });

  it.each([
    ["another service", { service: "billing", cluster: "auth" }],
    ["another cluster", { service: "orders", cluster: "other" }],
    ["a URL in place of a name", { service: "orders", cluster: "https://evil.example" }],
    ["a name that every object has", { service: "orders", cluster: "constructor" }],
    ["no names", {}],
    ["no properties", undefined],
    ["a list of names", { service: ["orders"], cluster: ["auth"] }],
  ])("refuses %s and sends nothing", async (_, props) => {
    const before = authorization.requests.length;
    expect(await call(props, "https://any.example/")).toContain("the configuration has no cluster");
    expect(authorization.requests.length).toBe(before);
  });

  it.each([
    ["a head", { headers: { "x-long": "x".repeat(50_000) } }, "its head has more than"],
    ["a body", { method: "POST", body: "x".repeat(1_048_577) }, "its body has more than"],
  ])("refuses %s beyond the limits of calls, and sends nothing", async (_, init, why) => {
    const before = authorization.requests.length;
    expect(await call(target, "https://any.example/", init)).toContain(why);
    expect(authorization.requests.length).toBe(before);
  });

  it("sends the longest head and body that an object sends", async () => {
    const headers = { "x-long": "x".repeat(HOST_LIMITS.callHeadBytes) };
    const body = "x".repeat(HOST_LIMITS.callBodyBytes);
    expect(await call(target, "https://any.example/", { method: "POST", headers, body })).toBe("POST /");
    expect(authorization.requests.at(-1)!.body.length).toBe(body.length);
  });

  it("passes on no header of the connection", async () => {
    const headers = { "keep-alive": "5", te: "trailers", "proxy-authorization": "Basic YTpi", "x-one": "1" };
    expect(await call(target, "https://any.example/", { method: "PUT", headers })).toBe("PUT /");
    const sent = authorization.requests.at(-1)!;
    for (const name of ["keep-alive", "te", "proxy-authorization"]) expect(linesOf(sent, name)).toEqual([]);
    expect(linesOf(sent, "x-one")).toEqual(["1"]);
  });
});
