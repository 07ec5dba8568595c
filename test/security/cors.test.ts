import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REFUSING_ORIGIN } from "../faults/socket-server.ts";
import { headerOf } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { UNOPENED_VARIANTS } from "./variants.ts";

/**
 * A page of a listed origin must be able to read why a request was refused; pages of other origins must not. For its
 * own responses, the upstream sets the CORS headers.
 */

const LISTED = "https://app.example";

/** As an upstream that cares for CORS itself, in its own way. */
const OF_UPSTREAM = [
  ["access-control-allow-origin", "https://other.example"],
  ["access-control-expose-headers", "x-page"],
  ["vary", "accept"],
] as const;

describe.each(UNOPENED_VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(({ target }) =>
      target.endsWith("/404")
        ? { status: 404, body: "nothing here" }
        : { body: "served", headers: target.endsWith("/own") ? OF_UPSTREAM : [] },
    );
    authorization = await RawServer.start(({ headers }) => {
      const [credential] = linesOf({ headers }, "authorization");
      if (credential === "Bearer good") return { status: 200 };
      if (credential === "Bearer busy") return { status: 429, headers: [["retry-after", "7"]] };
      return { status: 403, headers: [["access-control-allow-origin", "*"]], body: "not for you" };
    });
    const cors = {
      origins: [LISTED, "https://*.apps.example:8443"],
      credentials: true,
      exposedHeaders: ["X-Request-Id"],
      headers: ["Authorization", "content-type", "x-trace"],
    };
    const common = {
      upstream: { url: upstream.origin },
      clusters: { auth: { url: authorization.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    } as const;
    gateway = await startGateway(
      {
        services: {
          listed: {
            ...common,
            route: { prefix: "/listed" },
            cors,
            rules: [{ path: "/listed/public", public: true }],
          },
          // The older spelling.
          older: { ...common, route: { prefix: "/older" }, preflight: { answer: { origins: [LISTED] } } },
          any: { ...common, route: { prefix: "/any" }, cors: { origins: "*" } },
          neighbour: {
            ...common,
            route: { prefix: "/listed/neighbour" },
            cors: { origins: "https://neighbour.example", methods: ["GET"], headers: [], maxAgeSeconds: 0 },
          },
          dead: { ...common, route: { prefix: "/dead" }, clusters: { auth: { url: REFUSING_ORIGIN } }, cors },
          silent: { ...common, route: { prefix: "/silent" } },
        },
      },
      { variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  async function ask(target: string, ...headers: string[]) {
    const response = await gateway.send({ target, headers });
    return {
      status: response.status,
      origin: headerOf(response, "access-control-allow-origin"),
      credentials: headerOf(response, "access-control-allow-credentials"),
      exposed: headerOf(response, "access-control-expose-headers"),
      vary: headerOf(response, "vary"),
    };
  }
  /** @returns the answer, and how many requests the upstream and the authorization server got */
  async function preflight(target: string, origin: string, requested?: string, asks = "GET") {
    const before = upstream.requests.length + authorization.requests.length;
    const response = await gateway.send({
      method: "OPTIONS",
      target,
      headers: [
        `Origin: ${origin}`,
        `Access-Control-Request-Method: ${asks}`,
        ...(requested === undefined ? [] : [`Access-Control-Request-Headers: ${requested}`]),
      ],
    });
    return {
      status: response.status,
      reason: headerOf(response, "x-ebb-reason"),
      origin: headerOf(response, "access-control-allow-origin"),
      credentials: headerOf(response, "access-control-allow-credentials"),
      methods: headerOf(response, "access-control-allow-methods"),
      headers: headerOf(response, "access-control-allow-headers"),
      maxAge: headerOf(response, "access-control-max-age"),
      exposed: headerOf(response, "access-control-expose-headers"),
      vary: headerOf(response, "vary"),
      asked: upstream.requests.length + authorization.requests.length - before,
    };
  }
  const VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
  const exposed = "www-authenticate, retry-after, x-ebb-reason, x-request-id";
  const open = { origin: LISTED, credentials: "true", vary: "Origin", exposed };
  const closed = { origin: undefined, credentials: undefined };

  it.each([
    ["without a credential", 401, []],
    ["with a malformed credential", 401, ["Authorization: Bearer a", "Authorization: Bearer b"]],
    ["that the authorization server refuses", 403, ["Authorization: Bearer bad"]],
    ["that the authorization server throttles", 429, ["Authorization: Bearer busy"]],
    ["with too many headers", 431, [`Authorization: Bearer ${"x".repeat(70_000)}`]],
    ["that is not UTF-8", 400, ["Authorization: Bearer \xe9"]],
  ])("a page of a listed origin can read the refusal of a request %s", async (_, status, headers) => {
    expect(await ask("/listed/1", `Origin: ${LISTED}`, ...headers)).toEqual({ status, ...open });
  });

  it.each(["/listed/a%2Fb", "/listed/a//b", "/listed/%61", "/listed/1?x=\xc3\xa9", `/listed/${"a".repeat(9_000)}`])(
    "a page of a listed origin can read why a path was refused",
    async (target) => {
      expect(await ask(target, `Origin: ${LISTED}`)).toEqual({ status: 400, ...open });
      expect(await ask(target, "Origin: https://evil.example")).toMatchObject({ ...closed, vary: "Origin" });
    },
  );

  it("a page of another origin cannot, even if the authorization server sends CORS headers, and Vary keeps them apart", async () => {
    const bad = "Authorization: Bearer bad";
    for (const origin of ["https://evil.example", "null", "https://app.example.evil.example", "HTTPS://APP.EXAMPLE"]) {
      const answer = await ask("/listed/1", `Origin: ${origin}`, bad);
      expect(answer).toMatchObject({ status: 403, ...closed, vary: "Origin" });
    }
    expect(await ask("/listed/1", bad)).toMatchObject({ status: 403, ...closed, vary: "Origin" });
    expect(await ask("/silent/1", `Origin: ${LISTED}`, bad)).toMatchObject({ status: 403, ...closed, vary: undefined });
  });

  it("all names below a listed wildcard domain are listed, but no lookalikes", async () => {
    for (const origin of ["https://a.apps.example:8443", "https://b.a.apps.example:8443"]) {
      expect(await ask("/listed/1", `Origin: ${origin}`)).toMatchObject({ status: 401, origin });
    }
    const others = [
      "https://apps.example:8443",
      "https://a.apps.example",
      "http://a.apps.example:8443",
      "https://evilapps.example:8443",
    ];
    const tricks = [
      "https://evil.example/.apps.example:8443",
      "https://evil.example#.apps.example:8443",
      "https://.apps.example:8443",
    ];
    for (const origin of [...others, ...tricks]) {
      expect(await ask("/listed/1", `Origin: ${origin}`)).toMatchObject({ status: 401, ...closed });
    }
  });

  it("if any origin is allowed, the answer names none, and credentials are not allowed", async () => {
    for (const origin of ["https://anywhere.example", "null", `https://${"a".repeat(9_000)}.example`]) {
      expect(await ask("/any/1", `Origin: ${origin}`)).toMatchObject({
        status: 401,
        origin: "*",
        credentials: undefined,
      });
    }
  });

  it("no spelling of a listed origin counts but the one that browsers send", async () => {
    const others = ["https://app.example:443", "https://app.example.", "https://app.example/", "http://app.example"];
    const broken = ["https://app.example, https://evil.example", "https://app.example\xe9", "https://APP.example"];
    const punycode = ["https://xn--app-xyz.example", "https://\xc3\xa1pp.example"];
    for (const origin of [...others, ...broken, ...punycode, `${LISTED}${"/".repeat(100_000)}`]) {
      expect(await ask("/listed/1", `Origin: ${origin}`)).toMatchObject({ status: 401, ...closed });
      expect(await preflight("/listed/1", origin)).toMatchObject({ status: 403, reason: "cors_origin", ...closed });
    }
    expect(await ask("/listed/1", "Origin: ")).toMatchObject({ status: 401, ...closed });
    const twice = await ask("/listed/1", `Origin: ${LISTED}`, "Origin: https://evil.example");
    expect(twice).toMatchObject({ status: 401, ...closed });
    const below = `https://${"a.".repeat(20_000)}apps.example:8443`;
    expect(await ask("/listed/1", `Origin: ${below}`)).toMatchObject({ status: 401, ...closed });
  });

  it("no origin of a neighbour counts", async () => {
    expect(await ask("/listed/neighbour/1", `Origin: ${LISTED}`)).toMatchObject({ status: 401, ...closed });
    expect(await ask("/listed/1", "Origin: https://neighbour.example")).toMatchObject({ status: 401, ...closed });
    const own = await ask("/listed/neighbour/1", "Origin: https://neighbour.example");
    expect(own).toMatchObject({ status: 401, origin: "https://neighbour.example", credentials: undefined });
    expect(await preflight("/listed/neighbour/1", LISTED)).toMatchObject({ status: 403, reason: "cors_origin" });
    // Spelled so that another service could be meant.
    const spelled = await preflight("/listed/Neighbour/1", LISTED);
    expect([spelled.status, spelled.asked]).toEqual([400, 0]);
  });

  it("a page can read that no decision is possible", async () => {
    const answer = await ask("/dead/1", `Origin: ${LISTED}`, "Authorization: Bearer good");
    expect(answer).toMatchObject({ status: 503, ...open });
  });

  describe("a preflight", () => {
    it.each(["/listed", "/older"])("is answered by the gateway, and nobody is asked: %s", async (path) => {
      for (const target of [`${path}/1`, `${path}/public`, `${path}/404`]) {
        expect(await preflight(target, LISTED, "authorization, content-type")).toMatchObject({
          status: 204,
          origin: LISTED,
          methods: "GET, HEAD, POST, PUT, PATCH, DELETE",
          headers: expect.stringMatching(/^authorization, content-type/),
          maxAge: "600",
          exposed: undefined,
          vary: VARY,
          asked: 0,
        });
      }
    });

    it("says whether credentials may come", async () => {
      expect((await preflight("/listed/1", LISTED)).credentials).toBe("true");
      expect((await preflight("/older/1", LISTED)).credentials).toBeUndefined();
      expect(await preflight("/any/1", "https://x.example")).toMatchObject({ origin: "*", credentials: undefined });
    });

    it.each(["x-admin", "x-trace,x-admin", "authorization, cookie", "*", "x trace", "x_trace", "\xe9"])(
      "for a header that is not allowed is refused: %s",
      async (headers) => {
        const answer = await preflight("/listed/1", LISTED, headers);
        expect(answer).toMatchObject({ status: 403, reason: "cors_header", vary: VARY, asked: 0 });
        expect(answer.headers).toBeUndefined();
      },
    );

    it.each(["AUTHORIZATION", "x-trace , ,Content-Type", "", ",,", "authorization,".repeat(3_000)])(
      "may name headers in any case, with blanks and gaps: %#",
      async (headers) => {
        expect(await preflight("/listed/1", LISTED, headers)).toMatchObject({ status: 204, asked: 0 });
      },
    );

    it.each(["TRACE", "put", "PROPFIND", "GET, PUT", "*", "\xe9", "G".repeat(50_000)])(
      "for a method that is not allowed is refused: %#",
      async (method) => {
        const answer = await preflight("/listed/1", LISTED, undefined, method);
        expect(answer).toMatchObject({ status: 403, reason: "cors_method", vary: VARY, asked: 0 });
      },
    );

    it("never opens a private network", async () => {
      const lines = [`Origin: ${LISTED}`, "Access-Control-Request-Method: GET"];
      for (const name of ["Access-Control-Request-Private-Network", "Access-Control-Request-Local-Network"]) {
        const request = { method: "OPTIONS", target: "/listed/1", headers: [...lines, `${name}: true`] };
        expect((await gateway.send(request)).bytes.toLowerCase()).not.toMatch(/private-network|local-network/);
      }
    });

    it("with a body, an upgrade or without an origin is a request like any other", async () => {
      const method = "Access-Control-Request-Method: GET";
      const others = [
        { headers: [`Origin: ${LISTED}`, method, "Content-Length: 1"], body: "x" },
        { headers: [`Origin: ${LISTED}`, method, "Connection: upgrade", "Upgrade: websocket"] },
        { headers: [`Origin: ${LISTED}`, method, "Connection: origin"] },
        { headers: [method] },
        { headers: [`Origin: ${LISTED}`] },
      ];
      for (const other of others) {
        const answer = await gateway.send({ method: "OPTIONS", target: "/listed/1", ...other });
        expect(answer.status).toBe(401);
      }
    });
  });

  it("the upstream's own CORS headers are neither changed nor doubled", async () => {
    for (const origin of [LISTED, "https://other.example", "https://evil.example"]) {
      const target = "/listed/own";
      const response = await gateway.send({ target, headers: [`Origin: ${origin}`, "Authorization: Bearer good"] });
      const lines = (name: string) => response.headers.filter(([sent]) => sent.toLowerCase() === name);
      for (const [name, value] of OF_UPSTREAM) expect(lines(name).map(([, sent]) => sent)).toEqual([value]);
      expect(lines("access-control-allow-credentials")).toEqual([]);
    }
  });

  it.each(["/listed/1", "/listed/404", "/listed/public"])(
    "the upstream's response is unchanged: %s",
    async (target) => {
      const { origin, vary, exposed } = await ask(target, `Origin: ${LISTED}`, "Authorization: Bearer good");
      expect([origin, vary, exposed]).toEqual([undefined, undefined, undefined]);
    },
  );

  it("the page can read that the upstream is unreachable", async () => {
    await upstream.stop();
    expect(await ask("/listed/1", `Origin: ${LISTED}`, "Authorization: Bearer good")).toMatchObject({
      status: 502,
      ...open,
    });
  });
});
