import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/**
 * The upstream acts on the request that it receives. Exactly this request must have been decided: by the authorization
 * server, which gets it in headers here, or by a public rule. Any difference is a way to bypass the gateway.
 */

const DECISIVE_HEADERS = ["x-a", "accept", "cookie"];

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
const UPGRADES = ["websocket", "WebSocket", "websocket, h2c", "h2c", "websocket/13", " websocket "];
const WEBSOCKET = ["Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"];
const BODIES = {
  none: { headers: [], body: "" },
  "of length 0": { headers: ["Content-Length: 0"], body: "" },
  "of length 00": { headers: ["Content-Length: 00"], body: "" },
  "of length 4": { headers: ["Content-Length: 4"], body: "body" },
  "in chunks": { headers: ["Transfer-Encoding: chunked"], body: "4\r\nbody\r\n0\r\n\r\n" },
  "of no chunks": { headers: ["Transfer-Encoding: chunked"], body: "0\r\n\r\n" },
  "of two lengths": { headers: ["Content-Length: 0", "Transfer-Encoding: chunked"], body: "4\r\nbody\r\n0\r\n\r\n" },
} as const;

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const queryCharacter = fc.constantFrom(..."abc019-._~!$&'()*+,;=:@/?%[]^`{|}<>\"\\", "%27", "%2e", "%zz");
const query = fc.array(queryCharacter, { maxLength: 8 }).map((characters) => `?${characters.join("")}`);
const repeated = (name: string, values: string[]) =>
  fc.array(fc.constantFrom(...values), { maxLength: 3 }).map((all) => all.map((value) => `${name}: ${value}`));

const sent: fc.Arbitrary<Sent> = fc
  .record({
    method: fc.constantFrom(...METHODS),
    path: fc.constantFrom("/url/1", "/bound/1", "/url/hook/1", "/bound/hook/1"),
    query: fc.oneof(fc.constant(""), query),
    upgrade: fc.option(fc.constantFrom(...UPGRADES)),
    body: fc.constantFrom(...(Object.keys(BODIES) as (keyof typeof BODIES)[])),
    isPreflight: fc.boolean(),
    lines: fc
      .tuple(
        repeated("X-A", ["1", "2, 3", ""]),
        repeated("accept", ["text/html;q=0.5", "*/*"]),
        repeated("Cookie", ["a=1", "b=2; c=3", 'd="x, y"', "e"]),
      )
      .map((lines) => lines.flat()),
    hasCredential: fc.boolean(),
  })
  .map(({ method, path, query: sentQuery, upgrade, body, isPreflight, lines, hasCredential }) => ({
    method,
    target: path + sentQuery,
    headers: [
      ...lines,
      ...(hasCredential ? ["Authorization: Bearer good"] : []),
      ...(isPreflight ? ["Origin: https://app.example", "Access-Control-Request-Method: POST"] : []),
      ...(upgrade === null ? [] : [...WEBSOCKET, `Upgrade: ${upgrade}`]),
      ...BODIES[body].headers,
    ],
    body: BODIES[body].body,
  }));

/** All lines of a header, joined as HTTP joins them (RFC 9110 5.3; cookies: RFC 9113 8.2.3). */
function joined(request: RawRequest, name: string): string {
  return linesOf(request, name).join(name === "cookie" ? "; " : ", ");
}

describe.each(VARIANTS_AND_ASKING)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start((request) => ({
      status: linesOf(request, "authorization").length > 0 || !request.target.startsWith("/check") ? 200 : 401,
      headers: [["cache-control", "no-store"]],
      body: '{"result":true}',
    }));
    const service = (name: string) =>
      ({
        route: { prefix: `/${name}` },
        clusters: { auth: { url: authorization.origin } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", requestHeaders: DECISIVE_HEADERS },
        rules: [{ path: `/${name}/hook/*`, methods: ["POST"], public: true }],
        preflight: "pass",
      }) as const;
    gateway = await startGateway(
      {
        services: {
          url: { ...service("url"), upstream: { url: upstream.origin } },
          bound: { ...service("bound"), upstream: { binding: "UPSTREAM" } },
          // OPA gets JSON, which keeps every blank of a value.
          json: {
            ...service("json"),
            upstream: { url: upstream.origin },
            authorization: {
              protocol: "opa",
              cluster: "auth",
              path: "/v1/data/allow",
              requestHeaders: DECISIVE_HEADERS,
            },
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

  /** Sends one request. @returns the response, and what the upstream and the authorization server received */
  async function exchange(request: Sent) {
    const [served, checked] = [upstream.requests.length, authorization.requests.length];
    const response = await gateway.send(request);
    return { response, served: upstream.requests.slice(served), checked: authorization.requests.slice(checked) };
  }

  it("the upstream receives exactly the request that was decided", async () => {
    await fc.assert(
      fc.asyncProperty(sent, async (request) => {
        const { response, served, checked } = await exchange(request);
        expect(response.status).toBeGreaterThanOrEqual(200);
        expect(served.length).toBeLessThanOrEqual(1);
        const [seen] = served;
        if (seen === undefined) return;
        const [check] = checked;
        if (check !== undefined) {
          expect([seen.method, seen.target]).toEqual([
            linesOf(check, "x-forwarded-method")[0],
            linesOf(check, "x-forwarded-uri")[0],
          ]);
          expect(linesOf(check, "x-forwarded-host")).toEqual(["api.example"]);
          expect(linesOf(seen, "x-forwarded-host")).toEqual(["api.example"]);
          for (const name of DECISIVE_HEADERS) expect(joined(seen, name)).toBe(joined(check, name));
        } else if (seen.method === "OPTIONS") {
          expect(linesOf(seen, "access-control-request-method")).toEqual(["POST"]);
          expect([joined(seen, "authorization"), joined(seen, "cookie")]).toEqual(["", ""]);
        } else {
          expect([seen.method, seen.target.split("?")[0]]).toEqual(["POST", expect.stringMatching(/^\/\w+\/hook\/1$/)]);
        }
      }),
      { numRuns: 400 },
    );
  });

  it.each(["url", "bound"])("a WebSocket by an authorized GET is passed on: %s", async (name) => {
    const headers = [...WEBSOCKET, "Upgrade: websocket", "Authorization: Bearer good"];
    const { served, checked } = await exchange({ method: "GET", target: `/${name}/1`, headers, body: "" });
    expect(checked).toHaveLength(1);
    expect(served.map((seen) => [seen.method, joined(seen, "upgrade")])).toEqual([["GET", "websocket"]]);
  });

  it.each(METHODS.filter((method) => method !== "GET"))("a WebSocket by %s is not upgraded", async (method) => {
    for (const name of ["url", "bound"]) {
      const headers = [...WEBSOCKET, "Upgrade: websocket", "Authorization: Bearer good"];
      const { served } = await exchange({ method, target: `/${name}/1`, headers, body: "" });
      expect(served.map((seen) => [seen.method, joined(seen, "upgrade")])).toEqual([[method, ""]]);
    }
  });

  it("a preflight that asks for another protocol needs a credential", async () => {
    const preflight = ["Origin: https://app.example", "Access-Control-Request-Method: GET"];
    for (const upgrade of UPGRADES) {
      const headers = [...preflight, ...WEBSOCKET, `Upgrade: ${upgrade}`];
      const { response, served } = await exchange({ method: "OPTIONS", target: "/url/1", headers, body: "" });
      expect([response.status, served]).toEqual([401, []]);
    }
  });

  it.each(["origin", "access-control-request-method", "Origin, x-a"])(
    "a preflight that loses its headers on the way needs a credential: Connection: %s",
    async (named) => {
      const preflight = ["Origin: https://app.example", "Access-Control-Request-Method: GET"];
      const headers = [...preflight, `Connection: close, ${named}`];
      const { response, served } = await exchange({ method: "OPTIONS", target: "/url/1", headers, body: "" });
      expect([response.status, served]).toEqual([401, []]);
    },
  );

  it("a public rule for POST does not let a GET in", async () => {
    const headers = [...WEBSOCKET, "Upgrade: websocket"];
    const { response, served } = await exchange({ method: "POST", target: "/url/hook/1", headers, body: "" });
    expect([response.status, served.map(({ method }) => method)]).toEqual([200, ["POST"]]);
    const get = await exchange({ method: "GET", target: "/url/hook/1", headers: [], body: "" });
    expect([get.response.status, get.served]).toEqual([401, []]);
  });

  it.each(METHODS)("a length of 0 means no body: %s", async (method) => {
    const headers = ["Authorization: Bearer good", "Content-Length: 0"];
    const { response, served } = await exchange({ method, target: "/url/1", headers, body: "" });
    expect([response.status, served.map((seen) => [seen.method, seen.body.length])]).toEqual([200, [[method, 0]]]);
  });

  it("a preflight with a length of 0 is still a preflight", async () => {
    const headers = ["Origin: https://app.example", "Access-Control-Request-Method: GET", "Content-Length: 0"];
    const { response, checked } = await exchange({ method: "OPTIONS", target: "/url/1", headers, body: "" });
    expect([response.status, checked]).toEqual([200, []]);
  });

  it("a GET with a body is refused", async () => {
    for (const name of ["of length 4", "in chunks", "of two lengths"] as const) {
      const headers = ["Authorization: Bearer good", ...BODIES[name].headers];
      const { response, served } = await exchange({
        method: "GET",
        target: "/url/1",
        headers,
        body: BODIES[name].body,
      });
      expect([response.status, headerOf(response, "x-ebb-reason"), served]).toEqual([400, "body_not_allowed", []]);
    }
  });

  it.each([[["X-A: 1", "X-A:"]], [["X-A:", "X-A: "]], [["X-A:", "X-A: 1", "X-A:"]]])(
    "lines of which the last is empty give both servers the same text: %j",
    async (lines) => {
      const headers = ["Authorization: Bearer good", ...lines];
      const { served, checked } = await exchange({ method: "GET", target: "/json/1", headers, body: "" });
      const { input } = JSON.parse(checked[0]!.body.toString()) as { input: { headers: Record<string, string> } };
      expect(linesOf(served[0]!, "x-a")).toEqual([input.headers["x-a"]]);
    },
  );

  it.each([
    ["api.example:80", "api.example"],
    ["api.example:443", "api.example:443"],
    ["127.0.0.1:8787", "127.0.0.1:8787"],
    ["127.1", undefined],
    ["0x7f.0.0.1", undefined],
    ["[0:0::1]", undefined],
  ])("a bound upstream gets the host that was decided on: %s", async (host, expected) => {
    const headers = [`Host: ${host}`, "Authorization: Bearer good"];
    const { response, served, checked } = await exchange({ method: "GET", target: "/bound/1", headers, body: "" });
    if (expected === undefined) {
      expect([headerOf(response, "x-ebb-reason"), served, checked]).toEqual(["malformed_host", [], []]);
    } else {
      expect(linesOf(checked[0]!, "x-forwarded-host")).toEqual([expected]);
      expect(served.map((seen) => [joined(seen, "host"), joined(seen, "x-forwarded-host")])).toEqual([
        [expected, expected],
      ]);
    }
  });

  it("cookies on several lines are joined into one line", async () => {
    const headers = ["Authorization: Bearer good", "Cookie: a=1", "Cookie: b=2; c=3"];
    const { served, checked } = await exchange({ method: "GET", target: "/url/1", headers, body: "" });
    expect([served[0], checked[0]].map((seen) => linesOf(seen!, "cookie"))).toEqual([
      ["a=1; b=2; c=3"],
      ["a=1; b=2; c=3"],
    ]);
  });
});
