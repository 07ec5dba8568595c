import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import { headerOf, type RawRequestLines, type RawResponse, sendRequest } from "./raw-client.ts";
import { linesOf, type RawRequest, RawServer } from "./raw-server.ts";
import { TokenIssuer } from "./token-issuer.ts";

/** A handler in the gateway's own Worker: it gets what was decided on, and its failures stay its own. */

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

let authorization: RawServer;
let upstream: RawServer;
let issuer: TokenIssuer;
let workerd: WorkerdProcess;

beforeAll(async () => {
  const allow = (request: RawRequest) => linesOf(request, "authorization")[0]?.startsWith("Bearer allow") === true;
  authorization = await RawServer.start((request) =>
    allow(request)
      ? {
          headers: [
            ["x-user", "ann"],
            ["x-roles", "staff,admin"],
          ],
        }
      : { status: 403 },
  );
  [upstream, issuer] = await Promise.all([RawServer.start(() => ({ body: "served" })), TokenIssuer.start()]);
  workerd = await startWorkerd(
    {
      gateway: {
        bundle: await bundleWorker("test/security/entry-handler.ts", {
          AUTHORIZATION_ORIGIN: authorization.origin,
          ISSUER_ORIGIN: issuer.origin,
        }),
        text: { OF_THE_APP: "a variable of the app", UPSTREAM_AUTHORIZATION: "Basic of-the-gateway" },
        services: { UPSTREAM: "upstream" },
        objects: { SERVICE_OBJECT: "ServiceObject", APP_OBJECT: "AppObject" },
      },
      upstream: { externalPort: upstream.port },
    },
    ["gateway"],
    { cfHeader: "test-cf" },
  );
});
afterAll(async () => {
  await workerd?.stop();
  await Promise.all([authorization?.stop(), upstream?.stop(), issuer?.stop()]);
});

const ALLOWED = "Authorization: Bearer allow-ann";
const ask = (target: string, rest: Omit<RawRequestLines, "target"> = {}) =>
  sendRequest(workerd.ports.gateway!, { target, headers: [ALLOWED], ...rest });
const echoOf = ({ body }: RawResponse) => JSON.parse(body) as Echo;
const valuesOf = ({ headers }: Echo, name: string) =>
  headers.filter(([sent]) => sent === name).map(([, value]) => value);

describe("a request without a decision that allows it", () => {
  it("never reaches a handler", async () => {
    const none = await ask("/hono/who", { headers: [] });
    const wrong = await ask("/hono/who", { headers: ["Authorization: Bearer deny"] });
    const noToken = await ask("/itty/who", { headers: ["Authorization: Bearer a.b.c"] });
    expect([none.status, wrong.status, noToken.status]).toEqual([401, 403, 401]);
    expect(`${none.body}${wrong.body}${noToken.body}`).not.toContain("user");
  });
});

describe("a request that may pass", () => {
  it("reaches a Hono app with the identity that the authorization server gave, whatever the client claims", async () => {
    const response = await ask("/hono/who", { headers: [ALLOWED, "X-User: root", "X-Roles: root", "X_User: root"] });
    expect(JSON.parse(response.body)).toEqual({ user: "ann", roles: ["staff", "admin"] });
  });

  it("reaches an itty app with the claims of its token, beyond ASCII too", async () => {
    const token = await issuer.token({ sub: "josé 日本", roles: ["staff", "Größe"] });
    const response = await ask("/itty/who", { headers: [`Authorization: Bearer ${token}`, "X-User: root"] });
    const { user, roles } = JSON.parse(Buffer.from(response.body, "latin1").toString()) as {
      user: string;
      roles: string[];
    };
    expect([user, roles]).toEqual(["josé 日本", ["staff", "Größe"]]);
  });

  it.each(["/hono/x", "/hono/open"])("does not show a handler the operator's cookie: %s", async (target) => {
    const cookie = "Cookie: a=1; __Host-ebb-operator=OPERATOR_TOKEN.1.b.c; d=2";
    const echo = echoOf(await ask(target, { headers: [ALLOWED, cookie] }));
    expect(valuesOf(echo, "cookie")).toEqual(["a=1; d=2"]);
    expect(JSON.stringify(echo)).not.toContain("ebb-operator");
  });

  it("has no identity on a public path", async () => {
    const response = await ask("/hono/open", { headers: ["X-User: root"] });
    expect(valuesOf(echoOf(response), "x-user")).toEqual([]);
  });

  it.each([
    ["/caf%C3%A9/a%20b?q=%2F..%00&q=%zz", "GET", [], ""],
    ["/a:b@c,d;e=f?", "GET", [], ""],
    ["/a?x='{}|^~&&==", "GET", [], ""],
    ["/head", "HEAD", [], ""],
    ["/a", "POST", ["Content-Type: text/plain", "Content-Length: 9"], "one order"],
    ["/a", "POST", ["Content-Length: 0"], ""],
    ["/a", "PUT", ["Transfer-Encoding: chunked"], "4\r\nfour\r\n0\r\n\r\n"],
    ["/a", "DELETE", ["X-Many: 1", "X-Many: 2", "Connection: close, x-hop", "X-Hop: 1", "Cookie: a=b; c"], ""],
    ["/a", "POST", ["Upgrade: websocket", "Connection: upgrade, close", "Content-Length: 2"], "no"],
    ["/a", "GET", ["X-Original-Url: /admin", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1", "TE: trailers"], ""],
  ] as const)("reaches a handler as it reaches any other upstream: %s %s %j", async (path, method, headers, body) => {
    const lines = [ALLOWED, ...headers];
    expect((await ask(`/bound${path}`, { method, headers: lines, body })).status).toBe(200);
    const received = upstream.requests.at(-1)!;
    const response = await ask(`/careless${path}`, { method, headers: lines, body });
    expect(response.status).toBe(200);
    if (method === "HEAD") return;

    const echo = echoOf(response);
    const { host } = new URL(echo.url);
    expect(echo.url.slice(`http://${host}`.length)).toBe(received.target.replace("/bound", "/careless"));
    expect([host, echo.method, echo.body]).toEqual(["api.example", received.method, received.body.toString()]);
    // The connection to another server has headers of its own.
    const ofConnection = ["host", "connection", "transfer-encoding", "content-length"];
    const names = new Set(
      received.headers.map(([name]) => name.toLowerCase()).filter((n) => !ofConnection.includes(n)),
    );
    for (const name of names)
      expect([name, valuesOf(echo, name).join(", ")]).toEqual([name, linesOf(received, name).join(", ")]);
    const extra = echo.headers.map(([name]) => name).filter((name) => !names.has(name) && !ofConnection.includes(name));
    expect(extra).toEqual([]);
  });

  it("has its path without the prefix if the service strips it", async () => {
    const urls = await Promise.all(["/stripped/a?b", "/stripped"].map(async (path) => echoOf(await ask(path)).url));
    expect(urls).toEqual(["http://api.example/a?b", "http://api.example/"]);
  });

  it("comes with the Worker's environment, its context and what the platform says about the client", async () => {
    const cf = `Test-Cf: ${JSON.stringify({ country: "FI" })}`;
    for (const path of ["/hono/context", "/hono/context?x"]) {
      const { status, body } = await ask(path, { headers: [ALLOWED, cf] });
      expect([status, JSON.parse(body)]).toEqual([200, { secret: "a variable of the app", hasCf: true }]);
    }
  });

  it("comes with a context that an entrypoint of the app can be made of", async () => {
    const { status, body } = await ask("/careless/entrypoint");
    expect([status, body]).toEqual([200, '{"secret":"a variable of the app"}']);
  });

  it("can go on to another object of the Worker", async () => {
    const response = await ask("/careless/fetches", {
      method: "POST",
      headers: [ALLOWED, "Content-Length: 3"],
      body: "abc",
    });
    expect(echoOf(response)).toMatchObject({ method: "POST", body: "abc" });
  });

  it("may begin a WebSocket", async () => {
    const client = connect(workerd.ports.gateway!, "127.0.0.1");
    let received = "";
    client.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    const lines = [
      "Host: api.example",
      ALLOWED,
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${key}`,
    ];
    client.write(`GET /careless/live HTTP/1.1\r\n${lines.join("\r\n")}\r\nSec-WebSocket-Version: 13\r\n\r\n`);
    await expect.poll(() => received).toContain("HTTP/1.1 101");
    // A masked text frame: "hi".
    client.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    await expect.poll(() => received).toContain("echo hi");
    client.destroy();
  });

  it("gets a redirect and a stream as the handler made them", async () => {
    const redirect = await ask("/careless/redirects");
    expect([redirect.status, headerOf(redirect, "location")]).toEqual([302, "https://elsewhere.example/"]);
    expect(await ask("/careless/streams")).toMatchObject({ status: 200, body: "first second" });
  });
});

describe("a request without an identity", () => {
  it("has none and no credential where the service only reports what it would refuse", async () => {
    const headers = ["Authorization: Bearer deny", "X-User: root", "X-Roles: root"];
    const echo = echoOf(await ask("/reports/1", { headers }));
    expect(["authorization", "x-user", "x-roles"].flatMap((name) => valuesOf(echo, name))).toEqual([]);
    const allowed = echoOf(await ask("/reports/1", { headers: [ALLOWED, "X-User: root"] }));
    expect([valuesOf(allowed, "x-user"), valuesOf(allowed, "authorization")]).toEqual([["ann"], []]);
  });

  it("has no credential either, the client's or the gateway's, if it is a preflight that passes", async () => {
    const headers = ["Origin: https://app.example", "Access-Control-Request-Method: GET", ALLOWED, "X-User: root"];
    const echo = echoOf(await ask("/replaced/1?token=allow&a=b", { method: "OPTIONS", headers }));
    expect([echo.method, new URL(echo.url).search]).toEqual(["OPTIONS", "?a=b"]);
    expect(["authorization", "x-user"].flatMap((name) => valuesOf(echo, name))).toEqual([]);
  });

  it("has the gateway's credential in place of the client's on a public path", async () => {
    const echo = echoOf(await ask("/replaced/open?token=allow", { headers: ["X-User: root"] }));
    expect([valuesOf(echo, "authorization"), valuesOf(echo, "x-user"), new URL(echo.url).search]).toEqual([
      ["Basic of-the-gateway"],
      [],
      "",
    ]);
  });
});

describe("a body", () => {
  const body = "a".repeat(100_000);
  const post = (target: string) =>
    ask(target, { method: "POST", headers: [ALLOWED, `Content-Length: ${body.length}`], body });

  it("may be left unread or sent back", async () => {
    expect((await post("/careless/redirects")).status).toBe(302);
    expect((await post("/careless/throws")).status).toBe(502);
    expect((await post("/careless/back")).body).toBe(body);
    expect((await ask("/hono/who")).status).toBe(200);
  });
});

describe("a handler that fails", () => {
  it.each([
    ["throws", "threw TypeError at Object.fetch"],
    ["throws-text", "threw a string"],
    ["passes-through", "threw Error at"],
    ["nothing", "returned undefined, not a Response"],
    ["object", "returned another object, not a Response"],
    ["error", "returned Response.error()"],
    ["used", "returned a Response whose body is already read"],
    ["locked", "returned a Response whose body is already read"],
    ["unasked", "returned a WebSocket to a request that asks for none"],
    ["reads-twice", "threw TypeError at Object.fetch"],
  ])("(%s) causes a 502 with a reason and a line in the log without secrets", async (name, line) => {
    const body = name === "reads-twice" ? "a body" : "";
    const sent = body === "" ? {} : { method: "POST", headers: [ALLOWED, `Content-Length: ${body.length}`], body };
    const response = await ask(`/careless/${name}`, sent);
    expect([response.status, response.body]).toEqual([502, '{"error":"upstream_failed"}']);
    expect(headerOf(response, "x-ebb-reason")).toBe("upstream_failed");
    await expect.poll(() => workerd.log()).toContain(`careless: the handler ${line}`);
    expect(workerd.log()).not.toContain("allow-ann");
    expect((await ask("/hono/who")).status).toBe(200);
  });

  it("to make a new response each time has its first one sent, and no other", async () => {
    expect((await ask("/careless/same")).body).toBe("once");
    expect((await ask("/careless/same")).status).toBe(502);
  });

  it("but answers its errors itself has its answer passed on", async () => {
    expect(await ask("/hono/throws")).toMatchObject({ status: 500, body: "Internal Server Error" });
  });

  it("in the middle of a stream breaks the response off, so that it does not look complete", async () => {
    const { status, bytes } = await ask("/careless/breaks");
    expect(status).toBe(200);
    expect(bytes).not.toContain("\r\n0\r\n\r\n");
    expect((await ask("/hono/who")).status).toBe(200);
  });

  it.each(["hangs", "waits"])("(%s) does not delay others", async (name) => {
    const client = connect(workerd.ports.gateway!, "127.0.0.1");
    client.on("error", () => {});
    client.write(`GET /careless/${name} HTTP/1.1\r\nHost: api.example\r\n${ALLOWED}\r\n\r\n`);
    for (let n = 0; n < 3; n += 1) expect((await ask("/hono/who")).status).toBe(200);
    client.destroy();
    expect((await ask("/hono/who")).status).toBe(200);
  });
});
