import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json, TokenIssuer } from "./token-issuer.ts";
import { UNOPENED_VARIANTS } from "./variants.ts";

/**
 * An OAuth client that knows only a service's address finds out where to get a token (RFC 9728), whatever other services there are.
 * The metadata are the only thing that a client gets without a decision, and only the gateway words them.
 */

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const SERVERS = ["https://login.example/", "https://login.example/realms/b"];
const resource = { authorizationServers: SERVERS, scopes: ["orders:read", "orders:write"] };
const PROTO_HEADER = "x-test-proto";

describe.each(UNOPENED_VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let issuer: TokenIssuer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(answer);
    issuer = await TokenIssuer.start();
    const up = { upstream: { url: upstream.origin }, resource };
    const clusters = { auth: { url: authorization.origin } };
    const asking = { ...up, clusters };
    const silent = { upstream: up.upstream, clusters };
    const forwardAuth = { protocol: "forward-auth", cluster: "auth", path: "/check" } as const;
    const introspection = {
      protocol: "introspection",
      cluster: "auth",
      path: "/introspection",
      clientAuthentication: { type: "none" },
    } as const;
    const jwt = { protocol: "jwt", issuers: [{ issuer: issuer.origin, audience: "orders-api" }] } as const;
    const scoped = (prefix: string) => [
      { path: `${prefix}/admin`, scopes: ["orders:admin", "orders:read"] },
      { path: `${prefix}/any`, scopes: { anyOf: ["a", "b"] } },
      { path: `${prefix}/open`, public: true } as const,
    ];
    gateway = await startGateway(
      {
        operator: { host: "ops.example" },
        services: {
          // Would have every path of the metadata, if they were not the gateway's.
          site: { ...silent, route: { prefix: "/" }, authorization: forwardAuth },
          forward: {
            ...asking,
            resource: { ...resource, name: "Aufträge", documentation: "https://docs.example/orders" },
            route: { prefix: "/forward" },
            authorization: forwardAuth,
          },
          introspection: {
            ...asking,
            route: { prefix: "/introspection" },
            authorization: introspection,
            rules: scoped("/introspection"),
          },
          jwt: {
            ...up,
            route: { prefix: "/jwt" },
            authorization: jwt,
            credentials: [
              { from: "authorization", schemes: ["ApiKey", "Bearer"] },
              { from: "query", name: "access_token" },
            ],
            cors: { origins: "https://app.example" },
            rules: scoped("/jwt"),
          },
          opa: {
            ...asking,
            route: { prefix: "/opa" },
            authorization: { protocol: "opa", cluster: "auth", path: "/opa" },
          },
          verified: {
            ...asking,
            route: { prefix: "/verified" },
            authorization: { ...forwardAuth, verify: { issuers: jwt.issuers } },
          },
          keys: {
            ...up,
            route: { prefix: "/keys" },
            authorization: { protocol: "api-keys", keys: { secret: "KEYS" } },
            credentials: [{ from: "header", name: "x-api-key" }],
          },
          basic: {
            ...asking,
            route: { prefix: "/basic" },
            authorization: forwardAuth,
            credentials: [{ from: "authorization", schemes: ["Basic", "Bearer"] }],
          },
          silent: { ...silent, route: { prefix: "/silent" }, authorization: forwardAuth },
          hosted: { ...asking, route: { hosts: ["mcp.example", "*.mcp.example"] }, authorization: forwardAuth },
          only: {
            ...asking,
            route: { prefix: "/only" },
            authorization: forwardAuth,
            enforcement: { mode: "report-only", until: "2999-01-01" },
          },
        },
      },
      { variant, text: { KEYS: "" }, protoHeader: PROTO_HEADER },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop(), issuer?.stop()]);
  });

  function answer(request: RawRequest) {
    const [credential = ""] = linesOf(request, "authorization");
    if (request.target === "/introspection") {
      return json(request.body.includes("good") ? { active: true, scope: "orders:read" } : { active: false });
    }
    if (request.target === "/opa") return json({ result: false });
    switch (credential) {
      case "Bearer good":
        return { status: 200 };
      case "Bearer worded":
        return {
          status: 401,
          headers: [["www-authenticate", 'Bearer realm="theirs", error="invalid_token"']] as const,
        };
      case "Bearer unworded":
        return { status: 401 };
      default:
        return {
          status: 403,
          headers: [["www-authenticate", 'Bearer error="insufficient_scope", scope="x"']] as const,
        };
    }
  }

  const ask = (target: string, headers: readonly string[] = [], method = "GET") =>
    gateway.send({ method, target, headers: [`${PROTO_HEADER}: https`, ...headers] });

  /** The gateway's response, and how many requests the servers got. */
  async function metadata(target: string, headers: readonly string[] = [], method = "GET") {
    const before = upstream.requests.length + authorization.requests.length;
    const response = await ask(target, headers, method);
    const asked = upstream.requests.length + authorization.requests.length - before;
    return { response, asked, status: response.status };
  }

  async function challengeOf(target: string, ...headers: string[]) {
    const response = await ask(target, headers);
    const lines = response.headers.filter(([name]) => name.toLowerCase() === "www-authenticate");
    return [response.status, lines.map(([, value]) => value).join(", ")];
  }

  describe("metadata", () => {
    it("name the service as the client reached it, its servers and its scopes, and nothing else", async () => {
      const { response, asked } = await metadata(`${WELL_KNOWN}/introspection`);
      expect([response.status, asked]).toEqual([200, 0]);
      expect(headerOf(response, "content-type")).toMatch(/^application\/json\b/);
      expect(headerOf(response, "cache-control")).toBe("public, max-age=300");
      expect(headerOf(response, "access-control-allow-origin")).toBe("*");
      expect(JSON.parse(response.body)).toEqual({
        resource: "https://api.example/introspection",
        authorization_servers: SERVERS,
        scopes_supported: ["orders:read", "orders:write"],
        bearer_methods_supported: ["header"],
      });
    });

    it("name the page and the name for people, and each way in which a token may come", async () => {
      const forward = await metadata(`${WELL_KNOWN}/forward`);
      expect(JSON.parse(Buffer.from(forward.response.body, "latin1").toString("utf8"))).toMatchObject({
        resource_name: "Aufträge",
        resource_documentation: "https://docs.example/orders",
      });
      const jwt = JSON.parse((await metadata(`${WELL_KNOWN}/jwt`)).response.body);
      expect(jwt.bearer_methods_supported).toEqual(["header", "query"]);
      expect(JSON.parse((await metadata(`${WELL_KNOWN}/keys`)).response.body)).not.toHaveProperty(
        "bearer_methods_supported",
      );
    });

    it.each([
      ["mcp.example", "https://mcp.example"],
      ["a.b.MCP.example", "https://a.b.mcp.example"],
      ["mcp.example:8443", "https://mcp.example:8443"],
      ["mcp.example:443", "https://mcp.example"],
    ])("on %s name that host: %s", async (host, identifier) => {
      const { response } = await metadata(WELL_KNOWN, [`Host: ${host}`]);
      expect(JSON.parse(response.body).resource).toBe(identifier);
    });

    it("over plain HTTP, as in development, name that scheme", async () => {
      const response = await gateway.send({ target: `${WELL_KNOWN}/jwt`, headers: [`${PROTO_HEADER}: http`] });
      expect(JSON.parse(response.body).resource).toBe("http://api.example/jwt");
    });

    it("are the same with credentials, a query or a forged host, and nobody is asked", async () => {
      const lines = ["Authorization: Bearer bad", "Cookie: a=b", "X-Forwarded-Host: evil.example", "Forwarded: host=e"];
      const { response, asked } = await metadata(
        `${WELL_KNOWN}/jwt?resource=https://evil.example&access_token=a`,
        lines,
      );
      expect([JSON.parse(response.body).resource, asked]).toEqual(["https://api.example/jwt", 0]);
    });

    it("answer HEAD without a body, and no method that could change anything", async () => {
      const head = await metadata(`${WELL_KNOWN}/jwt`, [], "HEAD");
      expect([head.status, head.response.body, head.asked]).toEqual([200, "", 0]);
      expect(headerOf(head.response, "content-type")).toMatch(/^application\/json\b/);
      for (const method of ["POST", "PUT", "DELETE", "PROPFIND"]) {
        const { response, asked } = await metadata(`${WELL_KNOWN}/jwt`, ["Authorization: Bearer good"], method);
        expect([response.status, headerOf(response, "allow"), asked]).toEqual([405, "GET, HEAD, OPTIONS", 0]);
      }
    });

    it("can be read by pages of any origin, with headers that browsers ask about first", async () => {
      const lines = ["Origin: https://inspector.example", "Access-Control-Request-Method: GET"];
      const requested = "Access-Control-Request-Headers: mcp-protocol-version";
      const { response, asked } = await metadata(`${WELL_KNOWN}/jwt`, [...lines, requested], "OPTIONS");
      expect([response.status, asked]).toEqual([204, 0]);
      expect(headerOf(response, "access-control-allow-origin")).toBe("*");
      expect(headerOf(response, "access-control-allow-headers")).toBe("*");
      expect(headerOf(response, "access-control-allow-credentials")).toBeUndefined();
    });

    it.each([
      `${WELL_KNOWN}`,
      `${WELL_KNOWN}/`,
      `${WELL_KNOWN}/silent`,
      `${WELL_KNOWN}/jwt/`,
      `${WELL_KNOWN}/jwt/admin`,
      `${WELL_KNOWN}/JWT`,
      `${WELL_KNOWN}/stats`,
      `${WELL_KNOWN}x/jwt`,
      `/.well-known/OAuth-Protected-Resource/jwt`,
      `/.well-known/oauth-authorization-server/jwt`,
      `/silent${WELL_KNOWN}/jwt`,
    ])("are at no other path; the service of that path decides: %s", async (target) => {
      const before = upstream.requests.length;
      expect((await ask(target)).status).toBe(401);
      expect(upstream.requests.length).toBe(before);
      expect((await ask(target, ["Authorization: Bearer good"])).body).toBe("served");
    });

    it.each(["/%6awt", "//jwt", "/../jwt", "/jwt%2f", "\\jwt", "/jwt%00", "/./jwt", "/jwt/..;/jwt"])(
      "are not at a path that servers read in two ways: %s",
      async (rest) => {
        expect((await ask(`${WELL_KNOWN}${rest}`)).status).toBe(400);
      },
    );

    it("are not on the operator's host", async () => {
      const { response } = await metadata(`${WELL_KNOWN}/jwt`, ["Host: ops.example"]);
      expect([response.status, headerOf(response, "x-ebb-reason")]).toEqual([404, "no_service"]);
    });
  });

  describe("a challenge", () => {
    const lead = (path: string) => `resource_metadata="https://api.example${WELL_KNOWN}${path}"`;
    const OF_SERVICE = 'scope="orders:read orders:write"';

    it.each(["forward", "introspection", "opa", "verified", "keys"])(
      "for a missing credential leads to a token: %s",
      async (name) => {
        expect(await challengeOf(`/${name}/1`)).toEqual([
          401,
          `Bearer realm="${name}", ${OF_SERVICE}, ${lead(`/${name}`)}`,
        ]);
      },
    );

    it("names the scopes of the rule, where it requires any", async () => {
      for (const name of ["introspection", "jwt"]) {
        const [, admin] = await challengeOf(`/${name}/admin`);
        expect(admin).toContain(`scope="orders:admin orders:read", ${lead(`/${name}`)}`);
        expect((await challengeOf(`/${name}/any`))[1]).toContain(`scope="a b", ${lead(`/${name}`)}`);
      }
    });

    it.each(["introspection", "verified", "jwt"])("leads from a token that is not valid: %s", async (name) => {
      const [status, challenge] = await challengeOf(`/${name}/1`, "Authorization: Bearer bad");
      expect(status).toBe(401);
      expect(challenge).toContain(`Bearer realm="${name}", error="invalid_token", ${OF_SERVICE}, ${lead(`/${name}`)}`);
    });

    it("leads from a malformed credential", async () => {
      const twice = ["Authorization: Bearer a", "Authorization: Bearer b"];
      expect((await challengeOf("/introspection/1", ...twice))[1]).toContain(lead("/introspection"));
    });

    it("of a token without the scopes names them once, and the metadata", async () => {
      const expected = (name: string) => [
        403,
        `Bearer realm="${name}", error="insufficient_scope", scope="orders:admin orders:read", ${lead(`/${name}`)}`,
      ];
      const good = "Authorization: Bearer good";
      expect(await challengeOf("/introspection/admin", good)).toEqual(expected("introspection"));
      // From the cache.
      expect(await challengeOf("/introspection/admin", good)).toEqual(expected("introspection"));
      const token = `Authorization: Bearer ${await issuer.token({ scope: "orders:read" })}`;
      expect(await challengeOf("/jwt/admin", token)).toEqual(expected("jwt"));
    });

    it("comes first as Bearer, and other schemes keep theirs", async () => {
      expect((await challengeOf("/jwt/1"))[1]).toBe(
        `Bearer realm="jwt", ${OF_SERVICE}, ${lead("/jwt")}, Apikey realm="jwt"`,
      );
      expect((await challengeOf("/basic/1"))[1]).toBe(
        `Bearer realm="basic", ${OF_SERVICE}, ${lead("/basic")}, Basic realm="basic", charset="UTF-8"`,
      );
    });

    it("that the authorization server words is passed on as it is; where it has none, the gateway's leads on", async () => {
      const of = (token: string) => challengeOf("/forward/1", `Authorization: Bearer ${token}`);
      expect(await of("worded")).toEqual([401, 'Bearer realm="theirs", error="invalid_token"']);
      expect(await of("bad")).toEqual([403, 'Bearer error="insufficient_scope", scope="x"']);
      expect(await of("unworded")).toEqual([401, `Bearer realm="forward", ${OF_SERVICE}, ${lead("/forward")}`]);
    });

    it("of a service without metadata is as before", async () => {
      expect(await challengeOf("/silent/1")).toEqual([401, 'Bearer realm="silent"']);
    });

    it("names the host that the client used, which no header of the client changes", async () => {
      const forged = ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "X-Original-Host: evil.example"];
      expect((await challengeOf("/1", "Host: a.mcp.example:8443", ...forged))[1]).toContain(
        `resource_metadata="https://a.mcp.example:8443${WELL_KNOWN}"`,
      );
      for (const host of ['mcp.example"', "mcp.example, evil", "mcp.example/x", "evil@mcp.example"]) {
        expect((await ask("/1", [`Host: ${host}`])).bytes).not.toMatch(
          /resource_metadata="(?!https:\/\/mcp\.example\/\.well-known\/oauth-protected-resource")/,
        );
      }
    });

    it("can be read by a page of a listed origin", async () => {
      const response = await ask("/jwt/1", ["Origin: https://app.example"]);
      expect(headerOf(response, "access-control-expose-headers")).toContain("www-authenticate");
    });

    it("is not given by a service that only reports", async () => {
      const { response } = await metadata("/only/1");
      expect([response.status, headerOf(response, "www-authenticate")]).toEqual([200, undefined]);
      expect((await metadata(`${WELL_KNOWN}/only`)).status).toBe(200);
    });
  });
});
