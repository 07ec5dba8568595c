import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/**
 * Spellings that an upstream may read as a protected path. Neither another rule nor another service may let them in.
 */
const SPELLINGS = [
  "/Admin/users",
  "/ADMIN/USERS",
  "/admin;x/users",
  "/admin%20/users",
  "/admin+/users",
  "/%2Badmin/users",
  "/%20admin/users",
  "/admin./users",
  "/admin%2E/users",
  "/admin%C2%A0/users",
  "/admin%E3%80%80/users",
  "/admin%E2%80%8B/users",
  "/%EF%BD%81dmin/users",
  "/admin/%20/users",
  "/admin/.%20./users",
  "/.../admin/users",
  "/admin;x",
  "/admin.json",
  "/Admin",
  "/admin.",
  "/admin.%20;a=b/",
  // Characters that get a meaning in a path only after normalizing or decoding.
  "/admin%EF%BC%8Fusers",
  "/admin%EF%BC%9Bx/users",
  "/admin%CD%BEx/users",
  "/ad%C2%ADmin/users",
  "/ad%E2%80%8Cmin/users",
  "/admin%3Fx",
  "/admin%23/users",
  "/admin::$DATA",
  "/admin:$i30:$INDEX_ALLOCATION/users",
  // Suffixes of any length, with any characters.
  "/admin.json-x",
  "/admin.a.b",
  "/admin.x%20y",
  "/admin.averylongformatthatnobodyhas",
  // The script to which PHP passes every path.
  "/index.php/admin/users",
  "/Index.php;x/admin.json",
  "/app_dev.php/admin",
  // Parent folders, for servers that drop blanks.
  "/x/..%20/admin/users",
  "/x/..+/admin/users",
  "/x/%20../admin/users",
  "/x/..%C2%A0/admin",
  "/x/.%E2%80%8B./admin",
  "/x/%EF%BC%8E%EF%BC%8E/admin",
  "/x/%E2%80%A5/admin",
  "/x/..%3Fa/admin",
];

describe.each(VARIANTS_AND_ASKING)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start((request) => {
      const [credential] = linesOf(request, "authorization");
      if (credential === undefined) return { status: 401 };
      return { status: credential === "Bearer admin" ? 200 : 403 };
    });
    const common = {
      clusters: { auth: { url: authorization.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    } as const;
    const free = { ...common, rules: [{ path: "/*", public: true }] } as const;
    const hosts = (name: string) => [`${name}.example`];
    gateway = await startGateway(
      {
        services: {
          site: { ...free, route: { prefix: "/", hosts: hosts("url") }, upstream: { url: upstream.origin } },
          admin: {
            ...common,
            route: { prefix: "/admin", hosts: hosts("url") },
            upstream: { url: `${upstream.origin}/base` },
          },
          bound: { ...free, route: { prefix: "/", hosts: hosts("bound") }, upstream: { binding: "UPSTREAM" } },
          "bound-admin": {
            ...common,
            route: { prefix: "/admin", hosts: hosts("bound") },
            upstream: { binding: "UPSTREAM" },
          },
          literal: {
            ...free,
            route: { prefix: "/", hosts: hosts("literal") },
            upstream: { url: upstream.origin },
            paths: "literal",
          },
          apart: { ...free, route: { prefix: "/", hosts: hosts("apart") }, upstream: { url: "http://127.0.0.1:9" } },
          ruled: {
            ...common,
            route: { prefix: "/", hosts: hosts("ruled") },
            upstream: { url: upstream.origin },
            rules: [{ path: "/admin/*" }, { path: "/*", public: true }],
          },
        },
      },
      { bindings: { UPSTREAM: upstream.port }, variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  async function ask(host: string, target: string, ...headers: string[]) {
    const response = await gateway.send({ target, headers: [`Host: ${host}.example`, ...headers] });
    return { status: response.status, reason: headerOf(response, "x-ebb-reason") };
  }

  it.each(SPELLINGS)("%s does not bypass the service or rule that protects it", async (target) => {
    const before = upstream.requests.length;
    for (const host of ["url", "bound"]) {
      const { status, reason } = await ask(host, target);
      expect([host, status, reason]).toEqual([
        host,
        expect.toSatisfy((code) => code === 400 || code === 401),
        expect.any(String),
      ]);
      const preflight = ["Origin: https://a.example", "Access-Control-Request-Method: GET"];
      expect((await ask(host, target, ...preflight)).status).not.toBe(200);
    }
    expect([400, 401]).toContain((await ask("ruled", target)).status);
    expect(upstream.requests.length).toBe(before);
  });

  it.each([
    "/",
    "/index.html",
    "/About/Us",
    "/administrator",
    "/x/admin",
    "/docs/v1.2/a;b",
    "/favicon.ico",
    "/a%20b/",
    "/wiki/Who%3F",
    "/compare/v1...v2",
    "/orders:batchGet",
    "/%C3%A4dmin/users",
    "/c++",
  ])("%s belongs to no protected path and passes", async (target) => {
    for (const host of ["url", "bound", "ruled"]) expect([host, (await ask(host, target)).status]).toEqual([host, 200]);
  });

  it("the protected service itself still decides", async () => {
    expect((await ask("url", "/admin/users")).status).toBe(401);
    expect((await ask("url", "/admin/Users;x/", "Authorization: Bearer admin")).status).toBe(200);
  });

  it("services are not affected if their upstream reads paths literally or is a different one", async () => {
    expect((await ask("literal", "/Admin/users")).status).toBe(200);
    expect((await ask("apart", "/Admin/users")).status).toBe(502);
  });
});
