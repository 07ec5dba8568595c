import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, type RawReply, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { UNOPENED_VARIANTS, VARIANTS } from "./variants.ts";

/** Requests without a credential that a forward-auth server is asked about, and what it gives to clients that it lets in. */

const LOGIN: RawReply = {
  status: 302,
  headers: [
    ["location", "https://login.example/start?rd=%2Fapp%2Fpage"],
    ["set-cookie", "state=1; Path=/; HttpOnly"],
    ["set-cookie", "nonce=2, 3; Expires=Wed, 01 Jan 2031 00:00:00 GMT"],
    ["x-internal", "secret"],
    ["content-type", "text/html"],
  ],
  body: "<a href='https://login.example/start'>Sign in</a>",
};

/** Of an accepted handshake (RFC 6455 4.2.2). */
function acceptOf(request: RawRequest): string {
  const [key = ""] = linesOf(request, "sec-websocket-key");
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

const FAILURES: readonly (readonly [what: string, reply: RawReply, reason: string])[] = [
  ["fails", { status: 500, body: "stack trace" }, "authorization_server_error"],
  ["fails for a while", { status: 503, headers: [["retry-after", "5"]] }, "authorization_server_error"],
  ["names a user that no header can carry", { headers: [["x-user", "a\u0085b"]] }, "authorization_server_malformed"],
  ["does not answer in time", "hang", "authorization_server_timeout"],
  ["hangs up", "reset", "authorization_server_unreachable"],
  ["sends a body without end", { status: 403, body: "x".repeat(2 * 1024 * 1024) }, "authorization_server_error"],
];

describe.each(UNOPENED_VARIANTS)("with $name, a request without a credential", (variant) => {
  let upstream: RawServer;
  let server: RawServer;
  let gateway: SecurityGateway;
  let answer: (request: RawRequest) => RawReply | Promise<RawReply> = () => LOGIN;
  let served: (request: RawRequest) => RawReply = () => ({ body: "served" });

  beforeAll(async () => {
    upstream = await RawServer.start((request) => served(request));
    server = await RawServer.start((request) => answer(request));
    const service = (name: string, authorization: object = {}, more: object = {}) => [
      name,
      {
        route: { prefix: `/${name}` },
        upstream: { url: upstream.origin },
        clusters: { auth: { url: server.origin, timeoutMs: 800 } },
        credentials: [{ from: "cookie", name: "session" }],
        authorization: {
          protocol: "forward-auth",
          cluster: "auth",
          path: "/check",
          withoutCredential: "ask",
          requestHeaders: ["cookie"],
          upstreamHeaders: ["x-user"],
          clientHeaders: ["set-cookie", "x-session-ends"],
          ...authorization,
        },
        ...more,
      },
    ];
    gateway = await startGateway(
      {
        services: Object.fromEntries([
          service("app", {}, { rules: [{ path: "/app/open", public: true }] }),
          service(
            "scoped",
            { enforcesScopes: true },
            { rules: [{ path: "/scoped/admin", scopes: ["admin", "write"] }] },
          ),
          service("fixed", { headers: { "x-key": { secret: "AUTH_KEY" } }, uri: "none", clientHeaders: [] }),
          service("unset", { headers: { "x-key": { secret: "NOT_SET" } } }),
          service("open", {}, { failOpen: true, clusters: { auth: { url: "http://127.0.0.1:1" } } }),
          service("plain", { withoutCredential: "refuse" }),
          service(
            "bearer",
            {},
            {
              credentials: [
                { from: "authorization", schemes: ["Bearer"] },
                { from: "header", name: "x-key" },
                { from: "cookie", name: "session" },
              ],
            },
          ),
          service(
            "placed",
            { requestHeaders: ["x-key", "x-part", "sec-websocket-protocol"] },
            {
              credentials: [
                { from: "header", name: "x-key", scheme: "Token" },
                { from: "header", name: "x-part", prefix: "key-" },
                { from: "websocket-protocol", name: "bearer" },
                { from: "cookie", name: "session" },
              ],
            },
          ),
          service("denied", {}, { rules: [{ path: "/denied/known" }], unmatched: "deny" }),
          service("logged", {}, { log: { decisions: "all" } }),
          service(
            "reports",
            {},
            { enforcement: { mode: "report-only", until: new Date(Date.now() + 864e5).toISOString().slice(0, 10) } },
          ),
          service("busy"),
          service("often"),
          // Each has its own view of whether the server answers.
          ...FAILURES.map((_, index) =>
            service(`failing${index}`, {}, { clusters: { auth: { url: server.origin, timeoutMs: 250 } } }),
          ),
        ]),
      },
      { variant, text: { AUTH_KEY: "a-key" } },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), server?.stop()]);
  });
  beforeEach(() => {
    answer = () => LOGIN;
    served = () => ({ body: "served" });
  });

  async function ask(target: string, headers: string[] = [], method = "GET", body = "") {
    const [seenBefore, askedBefore] = [upstream.requests.length, server.requests.length];
    const response = await gateway.send({ method, target, headers, body });
    return {
      ...response,
      seen: upstream.requests.slice(seenBefore),
      // Without probes of the server that failed.
      asked: server.requests.slice(askedBefore).filter((check) => linesOf(check, "x-forwarded-method").length > 0),
      header: (name: string) => headerOf(response, name),
      cookies: response.headers.filter(([name]) => name.toLowerCase() === "set-cookie").map(([, value]) => value),
    };
  }

  it("gets the server's redirect, its page and its cookies, and nothing else of it", async () => {
    const reply = await ask("/app/page?a=b");
    expect(reply).toMatchObject({ status: 302, body: LOGIN_PAGE, seen: [] });
    expect(reply.header("location")).toBe("https://login.example/start?rd=%2Fapp%2Fpage");
    expect(reply.header("content-type")).toBe("text/html");
    expect(reply.cookies).toEqual(["state=1; Path=/; HttpOnly", "nonce=2, 3; Expires=Wed, 01 Jan 2031 00:00:00 GMT"]);
    expect(reply.header("x-internal")).toBeUndefined();
    // A browser must not keep it either.
    expect(reply.header("cache-control")).toBe("no-store");
  });

  it.each(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
    "is shown to the server: %s",
    async (method) => {
      const { asked } = await ask(
        "/app/page?a=%20b",
        ["Content-Length: 0", "Accept: text/html", "X-Requested-With: XMLHttpRequest"],
        method,
      );
      expect(asked).toHaveLength(1);
      const [check] = asked;
      const sent = (name: string) => linesOf(check!, name);
      expect([check!.method, check!.target, check!.body.length]).toEqual(["GET", "/check", 0]);
      expect({
        method: sent("x-forwarded-method"),
        uri: sent("x-forwarded-uri"),
        host: sent("x-forwarded-host"),
        proto: sent("x-forwarded-proto"),
        accept: sent("accept"),
        by: sent("x-requested-with"),
      }).toEqual({
        method: [method],
        uri: ["/app/page?a=%20b"],
        host: ["api.example"],
        proto: ["http"],
        accept: ["text/html"],
        by: ["XMLHttpRequest"],
      });
    },
  );

  it("cannot choose what the server is told about it", async () => {
    const { asked } = await ask("/app/page", [
      ...["X-Forwarded-Uri: //evil.example", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: javascript"],
      ...["X-Forwarded-Method: DELETE", "X-Forwarded-For: 192.0.2.66", "X-Ebb-Scopes: all", "X-Original-Url: /evil"],
      ...["X-User: root", "X_Forwarded_Host: evil.example", "Forwarded: host=evil.example"],
      "CF-Connecting-IP: 192.0.2.7",
    ]);
    const names = asked[0]!.headers.map(([name]) => name.toLowerCase());
    for (const name of ["x-forwarded-uri", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-method"]) {
      expect(linesOf(asked[0]!, name)).toHaveLength(1);
    }
    expect(linesOf(asked[0]!, "x-forwarded-uri")).toEqual(["/app/page"]);
    expect(linesOf(asked[0]!, "x-forwarded-host")).toEqual(["api.example"]);
    expect(linesOf(asked[0]!, "x-forwarded-for")).toEqual(["192.0.2.7"]);
    for (const name of ["x-ebb-scopes", "x-original-url", "x-user", "forwarded"]) expect(names).not.toContain(name);
    expect(JSON.stringify(asked[0]!.headers)).not.toMatch(/evil/);
  });

  it("passes once if the server lets it, and the next one is asked about again", async () => {
    answer = () => ({ headers: [["x-user", "guest"]] });
    for (let n = 0; n < 3; n += 1) {
      const { status, body, seen, asked } = await ask("/app/guest", ["Cookie: theme=dark"]);
      expect({ status, body, asked: asked.length }).toEqual({ status: 200, body: "served", asked: 1 });
      expect([linesOf(seen[0]!, "x-user"), linesOf(seen[0]!, "cookie")]).toEqual([["guest"], ["theme=dark"]]);
    }
    answer = () => LOGIN;
    expect((await ask("/app/guest", ["Cookie: theme=dark"])).status).toBe(302);
  });

  it("has no identity that the server does not give", async () => {
    answer = () => ({});
    const { seen } = await ask("/app/guest", ["X-User: root", "x_user: root"]);
    expect(seen[0]!.headers.filter(([name]) => /^x.user$/i.test(name))).toEqual([]);
  });

  it("passes with its body, which the server does not get", async () => {
    answer = () => ({});
    const { status, seen, asked } = await ask("/app/form", ["Content-Length: 5"], "POST", "a=b&c");
    expect([status, seen[0]!.body.toString(), asked[0]!.body.length]).toEqual([200, "a=b&c", 0]);
  });

  it("to open a WebSocket is asked about as any other, and gets the cookies with the handshake", async () => {
    const headers = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: YWJjZGVmZ2hpamtsbW5vcA==",
    ];
    expect(await ask("/app/socket", headers)).toMatchObject({ status: 302, seen: [] });
    answer = () => ({ headers: [["set-cookie", "session=new"]] });
    served = (request) => ({
      status: 101,
      headers: [
        ["upgrade", "websocket"],
        ["connection", "Upgrade"],
        ["sec-websocket-accept", acceptOf(request)],
      ],
    });
    const { status, cookies } = await ask("/app/socket", headers);
    expect([status, cookies]).toEqual([101, ["session=new"]]);
  });

  it("is counted and logged by what the server said, and is no call of the filter", async () => {
    const before = await gateway.stats("logged");
    await ask("/logged/page");
    answer = () => ({});
    await ask("/logged/page");
    answer = () => ({ status: 500 });
    await ask("/logged/page");
    const { requests, outbound, hits, decisions } = await gateway.stats("logged");
    expect([requests - before.requests, outbound - before.outbound, hits - before.hits]).toEqual([3, 0, 0]);
    expect(decisions).toMatchObject({
      refused: { denied: 1 },
      allowed: { server: 1 },
      undecided: { authorization_server_error: 1 },
    });
    const logged = () =>
      gateway.workerd
        .log()
        .split("\n")
        .filter((line) => line.includes('"service":"logged"') && line.includes('"event":"decision"'))
        .map((line) => JSON.parse(line.slice(line.indexOf("{"))) as Record<string, unknown>)
        .map(({ outcome, reason, status, credential }) => ({ outcome, reason, status, credential }));
    await expect.poll(logged).toEqual([
      { outcome: "refused", reason: "denied", status: 302, credential: null },
      { outcome: "allowed", reason: "server", status: null, credential: null },
      { outcome: "undecided", reason: "authorization_server_error", status: 503, credential: null },
    ]);
  });

  it("of a service that only reports passes without identity, and is not sent to a login", async () => {
    const { status, body, seen } = await ask("/reports/page", ["X-User: root"]);
    expect([status, body, linesOf(seen[0]!, "x-user")]).toEqual([200, "served", []]);
  });

  it("shares no call with another", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    answer = async () => {
      await held;
      return LOGIN;
    };
    const before = server.requests.length;
    const all = Array.from({ length: 5 }, () => gateway.send({ target: "/app/same" }));
    await expect.poll(() => server.requests.length - before).toBe(5);
    release();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([302, 302, 302, 302, 302]);
  });

  // To its own challenge, the gateway adds where a service's metadata are (sign-in-combined.test.ts).
  it.each<[string, RawReply, number, unknown]>([
    ["401 without a challenge", { status: 401 }, 401, expect.stringMatching(/^Bearer realm="app"(?:$|, )/)],
    ["401 with one", { status: 401, headers: [["www-authenticate", 'Basic realm="x"']] }, 401, 'Basic realm="x"'],
    ["403 with a page", { status: 403, body: "sign in", headers: [["content-type", "text/html"]] }, 403, undefined],
    ["429", { status: 429, headers: [["retry-after", "7"]] }, 429, undefined],
  ])("gets the server's %s", async (_, reply, status, challenge) => {
    answer = () => reply;
    const got = await ask("/app/page");
    expect({ status: got.status, challenge: got.header("www-authenticate"), seen: got.seen }).toEqual({
      status,
      challenge,
      seen: [],
    });
    expect(got.header("x-ebb-reason")).toBe("denied");
  });

  it.each(FAILURES.map((failure, index) => [...failure, index] as const))(
    "gets 503 if the server %s",
    async (_, reply, reason, index) => {
      answer = () => reply;
      const { status, body, seen } = await ask(`/failing${index}/page`);
      expect({ status, body, seen }).toEqual({ status: 503, body: JSON.stringify({ error: reason }), seen: [] });
    },
  );

  it("gets no page that is too large to pass on, but its status", async () => {
    answer = () => ({ status: 403, body: "x".repeat(70_000), headers: [["content-type", "text/html"]] });
    const { status, body, header } = await ask("/app/page");
    expect([status, body, header("content-type")]).toEqual([403, '{"error":"denied"}', "application/json"]);
  });

  it("does not pass because the service fails open", async () => {
    const { status, seen } = await ask("/open/page");
    expect({ status, seen }).toEqual({ status: 503, seen: [] });
  });

  it("is refused where the service does not ask", async () => {
    expect(await ask("/plain/page")).toMatchObject({ status: 401, body: '{"error":"missing_credential"}', asked: [] });
  });

  it("is not asked about on a public path, nor where no rule allows it", async () => {
    expect(await ask("/app/open")).toMatchObject({ status: 200, asked: [] });
    expect(await ask("/denied/other")).toMatchObject({ status: 403, body: '{"error":"no_rule"}', asked: [] });
  });

  it("is told with the rule's scopes, the fixed headers and the whole URI, whatever part a cached decision depends on", async () => {
    expect(linesOf((await ask("/scoped/admin")).asked[0]!, "x-ebb-scopes")).toEqual(["admin write"]);
    const [check] = (await ask("/fixed/page?a=b", ["X-Key: forged"])).asked;
    expect([linesOf(check!, "x-key"), linesOf(check!, "x-forwarded-uri")]).toEqual([["a-key"], ["/fixed/page?a=b"]]);
    expect(await ask("/unset/page")).toMatchObject({ status: 503, body: '{"error":"secret_missing"}', asked: [] });
  });

  it.each([
    ["two session cookies", ["Cookie: session=a; session=b"]],
    ["a session that some servers read in another spelling", ["Cookie: session=a; SESSION=b"]],
    ["a session that is no credential", ["Cookie: session=gö od"]],
  ])("is another one than a request with %s, which is refused", async (_, headers) => {
    const { status, asked, seen } = await ask("/app/page", headers);
    expect({ asked, seen }).toEqual({ asked: [], seen: [] });
    expect([400, 401]).toContain(status);
  });

  it.each([
    ["an empty session", "Cookie: a=1; session=; b=2", ["a=1; b=2"]],
    ["a session in another spelling", "Cookie: SESSION=evil; a=1", ["a=1"]],
    ["a session as PHP reads it", "Cookie: session[x]=evil; a=1", ["a=1"]],
    ["none but a credential in a scheme that is none", "Authorization: Digest abc", []],
  ])("with %s tells neither server nor upstream of it", async (_, header, cookies) => {
    answer = () => ({});
    const { asked, seen } = await ask("/bearer/page", [header]);
    expect(linesOf(asked[0]!, "cookie")).toEqual(cookies);
    expect(linesOf(seen[0]!, "cookie")).toEqual(cookies);
    expect([linesOf(asked[0]!, "authorization"), linesOf(seen[0]!, "authorization")]).toEqual([[], []]);
  });

  it.each([
    ["x-key", "X-Key: abc"],
    ["x-key", "X-Key: Token\tabc"],
    ["x-key", "X-Key: token"],
    ["x-part", "X-Part: KEY-abc"],
    ["sec-websocket-protocol", "Sec-WebSocket-Protocol: BEARER, abc"],
  ])("does not show the server in %s what is no credential: %s", async (name, line) => {
    answer = () => ({});
    for (const session of [[], [`Cookie: session=${encodeURIComponent(line)}`]]) {
      const { asked, seen } = await ask("/placed/page", [line, ...session]);
      expect([linesOf(asked[0]!, name), linesOf(seen[0]!, name)]).toEqual([[], []]);
    }
  });

  it("never tells the server the operator's session", async () => {
    const { asked } = await ask("/app/page", ["Cookie: a=1; __Host-ebb-operator=x; b=2"]);
    expect(linesOf(asked[0]!, "cookie").join()).not.toContain("operator");
  });

  it("leaves places to requests with a credential, and they to it", async () => {
    const isWithout = ({ headers }: RawRequest) => !linesOf({ headers }, "cookie").join().includes("session=");
    const from = (n: number) => `CF-Connecting-IP: 198.51.100.${n % 20}`;
    const flood = async (
      isFlood: (request: RawRequest) => boolean,
      cookies: (n: number) => string[],
      other: string[],
    ) => {
      answer = (request) => (isFlood(request) ? "hang" : {});
      const waiting = Array.from({ length: 100 }, (_, n) =>
        gateway.send({ target: "/busy/page", headers: [from(n), ...cookies(n)] }),
      );
      await expect.poll(() => server.hanging).toBeGreaterThan(10);
      const { status } = await ask("/busy/page", other);
      // None of those that wait has ended: it took no place of theirs.
      expect([status, server.hanging > 10]).toEqual([200, true]);
      answer = () => ({});
      server.disconnect();
      await Promise.all(waiting);
    };
    await flood(isWithout, () => [], ["Cookie: session=one"]);
    await flood(
      (request) => !isWithout(request),
      (n) => [`Cookie: session=many-${n}`],
      [],
    );
  });

  it("that comes too often from one client gets 429, and others are still asked about", async () => {
    const from = (address: string) => ask("/often/page", [`CF-Connecting-IP: ${address}`]);
    const statuses = new Map<number, number>();
    for (let n = 0; n < 220; n += 1) {
      const { status } = await from("203.0.113.9");
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses.keys()]).toEqual([302, 429]);
    const refused = await from("203.0.113.9");
    expect([refused.body, refused.asked]).toEqual(['{"error":"rate_limited"}', []]);
    expect(Number(refused.header("retry-after"))).toBeGreaterThan(0);
    expect((await from("203.0.113.10")).status).toBe(302);
    // A credential is another matter.
    answer = () => ({});
    const session = ["Cookie: session=x", "CF-Connecting-IP: 203.0.113.9"];
    expect((await ask("/often/page", session)).status).toBe(200);
  });
});

const LOGIN_PAGE = "<a href='https://login.example/start'>Sign in</a>";

describe.each(VARIANTS)("with $name, an allow", (variant) => {
  let upstream: RawServer;
  let server: RawServer;
  let gateway: SecurityGateway;
  let answer: (request: RawRequest) => RawReply | Promise<RawReply> = () => ({});
  let served: RawReply = { body: "served" };
  let sessions = 0;

  beforeAll(async () => {
    upstream = await RawServer.start(() => served);
    server = await RawServer.start((request) => answer(request));
    const service = (name: string, authorization: object = {}, url = upstream.origin) => [
      name,
      {
        route: { prefix: `/${name}` },
        upstream: { url },
        clusters: { auth: { url: server.origin } },
        credentials: [{ from: "cookie", name: "session" }],
        authorization: {
          protocol: "forward-auth",
          cluster: "auth",
          path: "/check",
          requestHeaders: ["cookie"],
          clientHeaders: ["set-cookie", "x-session-ends"],
          ...authorization,
        },
      },
    ];
    gateway = await startGateway(
      {
        services: Object.fromEntries([
          service("app"),
          service("asking", { withoutCredential: "ask" }),
          service("unnamed", { clientHeaders: [] }),
          service("address", { requestHeaders: ["x-forwarded-for"] }),
          service("down", {}, "http://127.0.0.1:1"),
        ]),
      },
      { variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), server?.stop()]);
  });
  beforeEach(() => {
    served = { body: "served" };
    sessions += 1;
  });

  async function ask(target: string, cookie: string | undefined = `session=s${sessions}`) {
    const askedBefore = server.requests.length;
    const response = await gateway.send({ target, headers: cookie === undefined ? [] : [`Cookie: ${cookie}`] });
    const all = (name: string) => response.headers.filter(([each]) => each.toLowerCase() === name).map(([, v]) => v);
    return { ...response, asked: server.requests.slice(askedBefore), all };
  }

  const RENEWED: RawReply = {
    headers: [
      ["set-cookie", "session=new; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT"],
      ["set-cookie", "ends=1"],
      ["x-session-ends", "60"],
      ["x-internal", "secret"],
    ],
  };

  it("gives the client the named headers, the upstream's cookies stay, and the next request is asked about anew", async () => {
    answer = () => RENEWED;
    served = {
      body: "served",
      headers: [
        ["set-cookie", "cart=1"],
        ["x-session-ends", "forged"],
        ["cache-control", "public, max-age=60"],
        // For caches in between, these count before the other one.
        ["CDN-Cache-Control", "max-age=60"],
        ["Surrogate-Control", "max-age=60"],
      ],
    };
    for (let n = 0; n < 2; n += 1) {
      const { status, body, asked, all } = await ask("/app/1");
      expect({ status, body, asked: asked.length }).toEqual({ status: 200, body: "served", asked: 1 });
      expect(all("set-cookie").toSorted()).toEqual([
        "cart=1",
        "ends=1",
        "session=new; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT",
      ]);
      expect([all("x-session-ends"), all("x-internal")]).toEqual([["60"], []]);
      expect(all("cache-control")).toEqual(["private, max-age=60"]);
      expect([...all("cdn-cache-control"), ...all("surrogate-control")]).toEqual([]);
    }
    answer = () => ({});
    expect((await ask("/app/1")).all("set-cookie")).toEqual(["cart=1"]);
    // Without anything for the client it is kept.
    expect(await ask("/app/1")).toMatchObject({ status: 200, asked: [] });
  });

  it.each([
    ["a cookie that is not named", "/unnamed/1", [["set-cookie", "a=1"]]],
    ["a named header", "/app/1", [["x-session-ends", "60"]]],
  ] as const)("with %s is not kept", async (_, target, headers) => {
    answer = () => ({ headers });
    for (let n = 0; n < 3; n += 1) {
      const { status, asked, all } = await ask(target);
      expect([status, asked.length]).toEqual([200, 1]);
      if (target === "/unnamed/1") expect(all("set-cookie")).toEqual([]);
    }
  });

  it("that several requests waited for gives its cookies to the one that asked", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    answer = async () => {
      await held;
      return RENEWED;
    };
    const before = server.requests.length;
    const all = Array.from({ length: 4 }, () => ask("/app/shared"));
    await expect.poll(() => server.requests.length - before).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    release();
    const replies = await Promise.all(all);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(server.requests.length - before).toBe(1);
    expect(replies.filter((reply) => reply.all("set-cookie").length > 0)).toHaveLength(1);
  });

  it("gives its cookies although the upstream fails: the old session may be gone", async () => {
    answer = () => RENEWED;
    const { status, all } = await ask("/down/1");
    expect([status, all("set-cookie").length, all("cache-control")]).toEqual([502, 2, ["private, no-store"]]);
  });

  it("may depend on the client's address, which only the platform says", async () => {
    answer = (request) => (linesOf(request, "x-forwarded-for").join() === "192.0.2.1" ? {} : { status: 403 });
    const from = (address: string) =>
      gateway.send({
        target: "/address/1",
        headers: [`Cookie: session=s${sessions}`, `CF-Connecting-IP: ${address}`, "X-Forwarded-For: 192.0.2.1"],
      });
    expect((await from("192.0.2.1")).status).toBe(200);
    expect((await from("192.0.2.2")).status).toBe(403);
  });

  it("is kept for all cookies if they are sent, and a redirect is not kept", async () => {
    answer = (request) =>
      linesOf(request, "cookie").join().includes("tenant=a") ? {} : { status: 302, headers: [["location", "/login"]] };
    const session = `session=s${sessions}`;
    expect((await ask("/app/2", `${session}; tenant=a`)).status).toBe(200);
    expect(await ask("/app/2", `${session}; tenant=a`)).toMatchObject({ status: 200, asked: [] });
    for (let n = 0; n < 2; n += 1) {
      const { status, asked, all } = await ask("/app/2", `${session}; tenant=b`);
      expect([status, asked.length]).toEqual([302, 1]);
      // A browser would keep a 301 for good.
      expect(all("cache-control")).toEqual(["no-store"]);
    }
  });

  it("of a request without a credential gives them too", async () => {
    answer = () => RENEWED;
    const { status, all } = await ask("/asking/1", "");
    expect([status, all("set-cookie").length, all("x-session-ends")]).toEqual([200, 2, ["60"]]);
  });
});
