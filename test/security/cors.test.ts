import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/**
 * A page of a listed origin must be able to read why a request was refused; pages of other origins must not. For its
 * own responses, the upstream sets the CORS headers.
 */

const LISTED = "https://app.example";

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(({ target }) =>
      target.endsWith("/404") ? { status: 404, body: "nothing here" } : { body: "served" },
    );
    authorization = await RawServer.start(({ headers }) => {
      const [credential] = linesOf({ headers }, "authorization");
      if (credential === "Bearer good") return { status: 200 };
      if (credential === "Bearer busy") return { status: 429, headers: [["retry-after", "7"]] };
      return { status: 403, headers: [["access-control-allow-origin", "*"]], body: "not for you" };
    });
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
            preflight: { answer: { origins: [LISTED, "https://*.apps.example:8443"], credentials: true } },
            rules: [{ path: "/listed/public", public: true }],
          },
          any: { ...common, route: { prefix: "/any" }, preflight: { answer: { origins: ["*"] } } },
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
  const open = { origin: LISTED, credentials: "true", vary: "Origin", exposed: expect.stringContaining("retry-after") };
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

  it("if any origin is listed, credentials are not allowed", async () => {
    const answer = await ask("/any/1", "Origin: https://anywhere.example");
    expect(answer).toMatchObject({ status: 401, origin: "https://anywhere.example", credentials: undefined });
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
