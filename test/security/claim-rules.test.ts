import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, type RawReply, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** A token gets only where its scopes and claims let it, also if another rule has let it in before. */
describe.each(VARIANTS)("with $name, a rule", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;
  let answer: RawReply = {};
  let asked = 0;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(() => answer);
    gateway = await startGateway(
      {
        services: {
          orders: {
            route: { prefix: "/" },
            upstream: { url: upstream.origin },
            clusters: { auth: { url: authorization.origin } },
            authorization: {
              protocol: "introspection",
              cluster: "auth",
              path: "/introspect",
              clientAuthentication: { type: "none" },
              upstreamClaims: { "realm_access.roles": "x-roles", '["https://example.com/tenant"]': "x-tenant" },
            },
            rules: [
              { path: "/admin/*", claims: { role: "admin" } },
              { path: "/staff/*", claims: { "realm_access.roles": { includes: "staff" } } },
              { path: "/tenant/*", claims: { '["https://example.com/tenant"]': { in: ["a", 7] } } },
              { path: "/level/*", scopes: ["read"], claims: { level: 3, email_verified: true } },
              { path: "/odd/*", claims: { '["__proto__"]': "x" } },
              { path: "/any/*", scopes: { anyOf: ["read", "write"] } },
            ],
          },
        },
      },
      { variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  /** Sends the request twice, so that the second decision comes from a cache if there is one. @returns both results */
  async function get(target: string, claims: object | string, token = `t${asked++}`) {
    answer = { body: typeof claims === "string" ? claims : JSON.stringify({ active: true, ...claims }) };
    const results: { status: number; body: string; passed: number }[] = [];
    for (let round = 0; round < 2; round++) {
      const before = upstream.requests.length;
      const { status, body } = await gateway.send({ target, headers: [`Authorization: Bearer ${token}`] });
      results.push({ status, body, passed: upstream.requests.length - before });
    }
    expect(results[1]).toEqual(results[0]);
    return results[0];
  }

  const SERVED = { status: 200, body: "served", passed: 1 };
  const refused = (error: string, status = 403) => ({ status, body: JSON.stringify({ error }), passed: 0 });
  const LACKS_CLAIMS = refused("insufficient_claims");

  it.each<[string, object | string]>([
    ["/admin/1", { role: "admin" }],
    ["/staff/1", { realm_access: { roles: ["user", "staff"] } }],
    ["/tenant/1", { "https://example.com/tenant": "a" }],
    ["/tenant/1", { "https://example.com/tenant": 7 }],
    ["/level/1", { scope: "read", level: 3, email_verified: true }],
    ["/level/1", '{"active":true,"scope":"read","level":3.0e0,"email_verified":true}'],
    ["/odd/1", '{"active":true,"__proto__":"x"}'],
    ["/any/1", { scope: "write" }],
  ])("for %s lets in %j", async (target, claims) => {
    expect(await get(target, claims)).toEqual(SERVED);
  });

  it.each<[string, object | string]>([
    ["/admin/1", {}],
    ["/admin/1", { role: "user" }],
    ["/admin/1", { role: ["admin"] }],
    ["/admin/1", { role: null }],
    ["/admin/1", '{"active":true,"__proto__":{"role":"admin"}}'],
    ["/staff/1", { realm_access: { roles: "staff" } }],
    ["/staff/1", { "realm_access.roles": ["staff"] }],
    ["/staff/1", { realm_access: [{ roles: ["staff"] }] }],
    ["/tenant/1", { "https://example.com/tenant": "7" }],
    ["/tenant/1", { "https://example": { "com/tenant": "a" } }],
    ["/level/1", { scope: "read", level: "3", email_verified: true }],
    ["/level/1", { scope: "read", level: 3, email_verified: "true" }],
    ["/odd/1", {}],
  ])("for %s refuses %j", async (target, claims) => {
    expect(await get(target, claims)).toEqual(LACKS_CLAIMS);
  });

  it("on scopes refuses a token without them, whatever its claims", async () => {
    expect(await get("/level/1", { scope: "write", level: 3, email_verified: true })).toEqual(
      refused("insufficient_scope"),
    );
    expect(await get("/any/1", { scope: "reads" })).toEqual(refused("insufficient_scope"));
    answer = { body: '{"active":true}' };
    const response = await gateway.send({ target: "/any/1", headers: [`Authorization: Bearer t${asked++}`] });
    expect(headerOf(response, "www-authenticate")).toContain('error="insufficient_scope", scope="read write"');
  });

  it("refuses a token that another rule let in, in every order", async () => {
    const claims = { role: "admin", realm_access: { roles: ["user"] } };
    for (const order of [
      ["/admin/1", "/staff/1"],
      ["/staff/1", "/admin/1"],
    ]) {
      const token = `t${asked++}`;
      for (const target of [...order, "/free", ...order]) {
        expect(await get(target, claims, token)).toEqual(target === "/staff/1" ? LACKS_CLAIMS : SERVED);
      }
    }
  });

  it.each(["/ADMIN/1", "/admin;x/1", "/admin%20/1", "/Admin./1"])("applies to %s too", async (target) => {
    expect(await get(target, { role: "user" })).toEqual(LACKS_CLAIMS);
  });

  it.each([
    ["/admin/1", '{"active":true,"role":"admin","role":"user"}'],
    ["/admin/1", '{"active":true,"role":"user","r\\u006fle":"admin"}'],
    ["/staff/1", '{"active":true,"realm_access":{"roles":["staff"]},"realm_access":{}}'],
    ["/free", '{"active":true,"realm_access":{"roles":["a,admin"]}}'],
    ["/free", '{"active":true,"realm_access":{"roles":["a"," admin"]}}'],
    ["/free", '{"active":true,"realm_access":{"roles":["a\\r\\nx-user: root"]}}'],
  ])("for %s does not decide on %s, which can be read in two ways", async (target, claims) => {
    expect(await get(target, claims)).toEqual(refused("authorization_server_malformed", 503));
  });

  it("may send nested claims and lists to the upstream, in place of what the client sent", async () => {
    const sent = async (claims: object) => {
      answer = { body: JSON.stringify({ active: true, ...claims }) };
      const headers = [`Authorization: Bearer t${asked++}`, "X-Roles: admin", "X-Tenant: forged"];
      expect((await gateway.send({ target: "/free", headers })).status).toBe(200);
      const request = upstream.requests.at(-1)!;
      return [linesOf(request, "x-roles"), linesOf(request, "x-tenant")];
    };
    expect(await sent({ realm_access: { roles: ["a", "b"] }, "https://example.com/tenant": 7 })).toEqual([
      ["a,b"],
      ["7"],
    ]);
    expect(await sent({ realm_access: { roles: [["a"]] }, "https://example.com/tenant": {} })).toEqual([[], []]);
    expect(await sent({ realm_access: ["admin"] })).toEqual([[], []]);
  });
});
