import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { VARIANTS } from "./variants.ts";

/** Places of credentials that the Worker reads: what is decided on, what the server is told, and what the upstream gets. */

const FINGERPRINT = "ab".repeat(32);
/** The headers of an accepted handshake (RFC 6455 4.2.2). */
function handshakeOf(request: RawRequest): [string, string][] {
  const [key = ""] = linesOf(request, "sec-websocket-key");
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return [
    ["upgrade", "websocket"],
    ["connection", "Upgrade"],
    ["sec-websocket-accept", accept],
  ];
}

const digest = (key: string) => createHash("sha256").update(key).digest("base64url");

describe.each(VARIANTS)("with $name, a credential", (variant) => {
  let upstream: RawServer;
  let server: RawServer;
  let issuer: TokenIssuer;
  let gateway: SecurityGateway;
  let answerHeaders: [string, string][] = [];

  beforeAll(async () => {
    [upstream, issuer] = await Promise.all([
      RawServer.start((request) =>
        linesOf(request, "upgrade").length > 0
          ? { status: 101, headers: [...handshakeOf(request), ...answerHeaders] }
          : { body: "served", headers: answerHeaders },
      ),
      TokenIssuer.start(),
    ]);
    server = await RawServer.start((request) => {
      if (request.target === "/access/v1/evaluation") {
        const { subject, context } = JSON.parse(request.body.toString());
        const headers = { "x-user": `${subject.type} ${subject.id} of ${context.headers["x-ebb-token-issuer"]}` };
        return { body: JSON.stringify({ decision: subject.id !== "eve", context: { headers } }) };
      }
      const [credential = "none"] = [...linesOf(request, "authorization"), ...linesOf(request, "cookie")];
      return credential.includes("good")
        ? { headers: [["x-user", `${credential} ${linesOf(request, "x-forwarded-uri")[0]}`]] }
        : { status: 403 };
    });
    const forwardAuth = {
      protocol: "forward-auth",
      cluster: "auth",
      path: "/check",
      upstreamHeaders: ["x-user"],
    } as const;
    const service = (name: string, more: object) => [
      name,
      {
        route: { prefix: `/${name}` },
        upstream: { url: upstream.origin },
        clusters: { auth: { url: server.origin } },
        authorization: forwardAuth,
        ...more,
      },
    ];
    const keys = { protocol: "api-keys", keys: [{ secret: "KEYS" }, { secret: "MORE_KEYS" }] };
    const services = [
      service("scheme", { credentials: [{ from: "header", name: "x-authorization", scheme: "Bearer" }] }),
      service("prefix", { credentials: [{ from: "header", name: "x-credential", prefix: "key=" }] }),
      service("apikey", { credentials: [{ from: "authorization", schemes: ["ApiKey", "Bearer"] }] }),
      service("query", {
        credentials: [
          { from: "authorization", schemes: ["Bearer"] },
          { from: "query", name: "access_token" },
        ],
        rules: [{ path: "/query/open", public: true }],
      }),
      service("cookie", {
        credentials: [
          { from: "header", name: "x-credential", scheme: "Token" },
          { from: "cookie", name: "session" },
        ],
      }),
      service("certificate", { credentials: [{ from: "certificate" }] }),
      service("socket", { credentials: [{ from: "websocket-protocol" }], preflight: "pass" }),
      service("socket-removed", { credentials: [{ from: "websocket-protocol" }], upstreamAuthorization: "remove" }),
      service("keys", {
        authorization: { ...keys, upstreamClaims: { sub: "x-user", scope: "x-scopes" } },
        credentials: [{ from: "header", name: "x-api-key" }],
        rules: [{ path: "/keys/admin", scopes: ["admin"] }],
      }),
      service("unset", { authorization: { protocol: "api-keys", keys: { secret: "NOT_SET" } } }),
      service("removed", { authorization: keys, upstreamAuthorization: "remove" }),
      service("replaced", {
        authorization: keys,
        upstreamAuthorization: { replace: { secret: "UPSTREAM_TOKEN" } },
        preflight: "pass",
        rules: [{ path: "/replaced/open", public: true }],
      }),
      service("unreplaced", { authorization: keys, upstreamAuthorization: { replace: { secret: "NOT_SET" } } }),
      service("plain-removed", { upstreamAuthorization: "remove" }),
      service("subject", {
        authorization: {
          protocol: "authzen",
          cluster: "auth",
          subject: "verified",
          upstreamHeaders: ["x-user"],
          verify: { issuers: [{ issuer: issuer.origin, audience: "orders-api" }] },
        },
      }),
    ];
    gateway = await startGateway(
      { services: Object.fromEntries(services) },
      {
        variant,
        cfHeader: "x-test-cf",
        text: {
          KEYS: `# our partners\n${digest("k-ann")} ann read,admin\n\nnonsense line here and more\n`,
          MORE_KEYS: `${digest("k-bob")} bob\n${digest(FINGERPRINT)} machine`,
          UPSTREAM_TOKEN: "Bearer of-the-gateway",
        },
      },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), server?.stop(), issuer?.stop()]);
  });

  async function ask(target: string, headers: string[] = [], method = "GET") {
    const [seenBefore, askedBefore] = [upstream.requests.length, server.requests.length];
    const response = await gateway.send({ method, target, headers });
    const seen: RawRequest | undefined = upstream.requests[seenBefore];
    const sent = (name: string) => (seen === undefined ? [] : linesOf(seen, name));
    return {
      status: response.status,
      body: response.body,
      target: seen?.target,
      user: sent("x-user")[0],
      sent,
      asked: server.requests.slice(askedBefore),
      header: (name: string) => response.headers.find(([each]) => each.toLowerCase() === name)?.[1],
    };
  }

  it.each([
    ["/scheme/1", "X-Authorization: Bearer good", "Bearer good"],
    ["/scheme/1", "X-Authorization: bEARER   good", "Bearer good"],
    ["/prefix/1", "X-Credential: key=good", "Bearer good"],
    ["/apikey/1", "Authorization: ApiKey good", "Bearer good"],
    ["/apikey/1", "Authorization: Bearer good", "Bearer good"],
    ["/cookie/1", "Cookie: a=b; session=good", "session=good"],
    ["/cookie/1", "X-Credential: Token good", "Bearer good"],
  ])("for %s in %j is told to the server as %j", async (target, header, told) => {
    const { status, user } = await ask(target, [header]);
    expect({ status, user }).toEqual({ status: 200, user: `${told} ${target}` });
  });

  it.each([
    ["/scheme/1", "X-Authorization: good"],
    ["/scheme/1", "X-Authorization: Basic good"],
    ["/scheme/1", "Authorization: Bearer good"],
    ["/prefix/1", "X-Credential: good"],
    ["/prefix/1", "X-Credential: KEY=good"],
    ["/prefix/1", "X-Credential: key="],
    ["/apikey/1", "Authorization: Basic good"],
    ["/cookie/1", "Cookie: SESSION=good"],
    ["/cookie/1", "Cookie: other=1"],
    ["/certificate/1", "Authorization: Bearer good"],
  ])("for %s is not found in %j", async (target, header) => {
    const { status, body, target: reached, asked } = await ask(target, [header]);
    expect({ status, body, reached, asked }).toEqual({
      status: 401,
      body: '{"error":"missing_credential"}',
      reached: undefined,
      asked: [],
    });
  });

  it.each([
    ["/scheme/1", ["X-Authorization: Bearer good", "X-Authorization: Bearer good"]],
    ["/prefix/1", ["X-Credential: key=good", "X-Credential: key=good"]],
    ["/apikey/1", ["Authorization: ApiKey good", "Authorization: ApiKey other"]],
    ["/cookie/1", ["Cookie: session=good; session=good"]],
    ["/cookie/1", ["Cookie: session=good; SESSION=evil"]],
    ["/cookie/1", ["Cookie: session=good", "Cookie: session=evil"]],
    ["/scheme/1", ["X-Authorization: Bearer go od"]],
    ["/scheme/1", ["X-Authorization: Bearer goöd"]],
  ])("for %s in %j has two readings, and is refused", async (target, headers) => {
    const { status, target: reached, asked } = await ask(target, headers);
    expect({ reached, asked }).toEqual({ reached: undefined, asked: [] });
    expect([400, 401]).toContain(status);
  });

  it("that Connection limits to this hop is none", async () => {
    const headers = ["X-Authorization: Bearer good", "Connection: x-authorization"];
    expect(await ask("/scheme/1", headers)).toMatchObject({ status: 401, target: undefined });
  });

  it("beside the one that decides does not reach the upstream", async () => {
    const both = ["X-Credential: Token good", "Cookie: a=1; session=evil; Session=evil; b=2"];
    const { status, sent } = await ask("/cookie/1", both);
    expect(status).toBe(200);
    expect(sent("cookie")).toEqual(["a=1; b=2"]);
    expect(sent("x-credential")).toEqual(["Token good"]);
    const query = await ask("/query/1?access_token=evil&a=1", ["Authorization: Bearer good"]);
    expect({ status: query.status, target: query.target }).toEqual({ status: 200, target: "/query/1?a=1" });
  });

  describe("in the query", () => {
    it("is taken out before upstream and server see the URL, and the response is private", async () => {
      answerHeaders = [
        ["cache-control", "public, max-age=60, s-maxage=600"],
        ["cloudflare-cdn-cache-control", "max-age=600"],
      ];
      const answer = await ask("/query/1?a=%2F&access_token=good&b=");
      answerHeaders = [];
      expect(answer).toMatchObject({ status: 200, target: "/query/1?a=%2F&b=", user: "Bearer good /query/1?a=%2F&b=" });
      expect(answer.header("cache-control")).toBe("private, max-age=60");
      expect(answer.header("cloudflare-cdn-cache-control")).toBeUndefined();
      expect((await ask("/query/1?access_token=good")).target).toBe("/query/1");
      expect((await ask("/query/1?a=1", ["Authorization: Bearer good"])).header("cache-control")).toBeUndefined();
    });

    it.each(["/query/open?access_token=good", "/query/open?a=1&access_token=good", "/query/open?access.token=good"])(
      "is taken out on public paths too: %s",
      async (target) => {
        const { status, target: reached } = await ask(target);
        expect(status).toBe(200);
        expect(reached).not.toContain("good");
      },
    );

    it.each([
      "ACCESS_TOKEN",
      "access.token",
      "access[token",
      "+access_token",
      "access%5ftoken",
      "access_token[]",
      "access_token[%FF]",
      "access_token%00",
      "access_token%00x",
      "%u0061ccess_token",
      "%u0041CCESS_TOKEN",
    ])("is taken out beside another one in any spelling, and refused beside the real one: %s", async (spelling) => {
      const answer = await ask(`/query/1?a=%FF&${spelling}=evil&b=1`, ["Authorization: Bearer good"]);
      expect({ status: answer.status, target: answer.target }).toEqual({ status: 200, target: "/query/1?a=%FF&b=1" });
      const both = await ask(`/query/1?access_token=good&${spelling}=evil`);
      expect({ status: both.status, target: both.target }).toEqual({ status: 400, target: undefined });
    });

    it.each(["/query/1%3Faccess_token=evil", "/query/1%3fa=1&Access.Token=evil", "/query/1%3Fa;access_token=evil?b=1"])(
      "is refused where a server finds it that decodes the path first: %s",
      async (target) => {
        const { status, target: reached } = await ask(target, ["Authorization: Bearer good"]);
        expect({ status, reached }).toEqual({ status: 400, reached: undefined });
      },
    );

    it.each(["access_token_type", "my_access_token", "access%FFtoken", "accesstoken", "token", "%zz", "access[token]"])(
      "is not another parameter: %s",
      async (other) => {
        const answer = await ask(`/query/1?${other}=1`, ["Authorization: Bearer good"]);
        expect({ status: answer.status, target: answer.target }).toEqual({
          status: 200,
          target: `/query/1?${other}=1`,
        });
      },
    );

    it.each([
      "/query/1?access_token=good&access_token=good",
      "/query/1?access_token=good&access%5ftoken=evil",
      "/query/1?access_token=good&ACCESS_TOKEN=evil",
      "/query/1?access_token=good&access.token=evil",
      "/query/1?access_token=good&access_token[]=evil",
      "/query/1?access_token=good&a=1;access_token=evil",
      "/query/open?access_token=good&access_token=good",
    ])("is refused if it is there twice: %s", async (target) => {
      const { status, body, target: reached, asked } = await ask(target);
      expect({ status, body, reached, asked }).toEqual({
        status: 400,
        body: '{"error":"credential_given_twice"}',
        reached: undefined,
        asked: [],
      });
    });

    it.each([
      "/query/1?access_token=",
      "/query/1?ACCESS_TOKEN=good",
      "/query/1?access_token",
      "/query/1?x=access_token",
    ])("is not found in %s", async (target) => {
      expect(await ask(target)).toMatchObject({ status: 401, target: undefined });
    });

    it.each(["/query/1?access_token=%FF", "/query/1?access_token=go%20od", "/query/1?access_token=good%0A"])(
      "is refused if it cannot be one: %s",
      async (target) => {
        const { status, asked } = await ask(target);
        expect({ status, asked }).toEqual({ status: 401, asked: [] });
      },
    );

    it("is read decoded", async () => {
      expect(await ask("/query/1?access_token=goo%64")).toMatchObject({ status: 200, user: "Bearer good /query/1" });
    });
  });

  describe("of a client certificate", () => {
    const cf = (tls: object) => [`X-Test-Cf: ${JSON.stringify({ tlsClientAuth: tls })}`];
    const valid = {
      certPresented: "1",
      certVerified: "SUCCESS",
      certRevoked: "0",
      certFingerprintSHA256: FINGERPRINT.toUpperCase(),
    };

    it("is its fingerprint", async () => {
      const { asked } = await ask("/certificate/1", cf(valid));
      expect(linesOf(asked[0]!, "authorization")).toEqual([`Bearer ${FINGERPRINT}`]);
    });

    it.each([
      { ...valid, certVerified: "FAILED:self signed certificate" },
      { ...valid, certVerified: "NONE" },
      { ...valid, certPresented: "0" },
      { ...valid, certRevoked: "1" },
      { ...valid, certFingerprintSHA256: "" },
      { ...valid, certFingerprintSHA256: ["ab"] },
      {},
    ])("that is not verified is none: %j", async (tls) => {
      expect(await ask("/certificate/1", cf(tls))).toMatchObject({ status: 401, asked: [] });
    });
  });

  describe("in the protocols of a WebSocket", () => {
    const open = (protocols: string, more: string[] = []) => [
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Protocol: ${protocols}`,
      ...more,
    ];

    it("is taken out, and the answer chooses the name before it if the upstream chooses nothing", async () => {
      const answer = await ask("/socket/1", open("bearer, good, chat"));
      expect(answer).toMatchObject({ status: 101, user: "Bearer good /socket/1" });
      expect(answer.sent("sec-websocket-protocol")).toEqual(["chat"]);
      expect(answer.header("sec-websocket-protocol")).toBe("bearer");
    });

    it.each([
      ["bearer, good", []],
      ["bearer, good, evil", ["evil"]],
      ["bearer, good\r\nSec-WebSocket-Protocol: evil", ["evil"]],
      ["chat, bearer, good, evil", ["chat, evil"]],
    ])("leaves no name behind which an upstream finds another one: %j", async (protocols, left) => {
      const answer = await ask("/socket/1", open(protocols));
      expect([answer.status, answer.sent("sec-websocket-protocol")]).toEqual([101, left]);
      expect(answer.header("sec-websocket-protocol")).toBe("bearer");
    });

    it("leaves the choice to an upstream that makes one", async () => {
      answerHeaders = [["sec-websocket-protocol", "chat"]];
      const answer = await ask("/socket/1", open("chat, bearer, good"));
      answerHeaders = [];
      expect([answer.status, answer.header("sec-websocket-protocol")]).toEqual([101, "chat"]);
      expect(answer.sent("sec-websocket-protocol")).toEqual(["chat"]);
    });

    it.each(["bearer", "good", "Bearer, good", "chat, good", "bearer, "])("is not found in %j", async (protocols) => {
      expect(await ask("/socket/1", open(protocols))).toMatchObject({ status: 401, target: undefined, asked: [] });
    });

    it.each(["bearer, good, bearer, evil", "bearer, good, BEARER, evil", "bearer, bearer, good", "bearer, ev il"])(
      "is refused in %j",
      async (protocols) => {
        expect(await ask("/socket/1", open(protocols))).toMatchObject({ status: 401, target: undefined, asked: [] });
      },
    );

    it("is taken out once where the upstream gets no credential", async () => {
      const { status, sent } = await ask("/socket-removed/1", open("bearer, good, chat"));
      expect({ status, protocols: sent("sec-websocket-protocol") }).toEqual({
        status: 101,
        protocols: ["chat"],
      });
    });

    it("does not reach the upstream with a preflight", async () => {
      const preflight = ["Origin: https://a.example", "Access-Control-Request-Method: GET"];
      const answer = await ask("/socket/1", [...preflight, "Sec-WebSocket-Protocol: bearer, evil"], "OPTIONS");
      expect({ status: answer.status, protocols: answer.sent("sec-websocket-protocol") }).toEqual({
        status: 200,
        protocols: [],
      });
    });

    it("counts only in a handshake", async () => {
      const headers = ["Sec-WebSocket-Protocol: bearer, good"];
      expect(await ask("/socket/1", headers)).toMatchObject({ status: 401, target: undefined });
    });
  });

  describe("that is an API key", () => {
    const key = (text: string) => [`X-Api-Key: ${text}`];

    it("gets in under its name and with its scopes", async () => {
      for (let n = 0; n < 2; n += 1) {
        const ann = await ask("/keys/admin", key("k-ann"));
        expect([ann.status, ann.user, ann.sent("x-scopes")]).toEqual([200, "ann", ["read admin"]]);
      }
      expect(await ask("/keys/1", key("k-bob"))).toMatchObject({ status: 200, user: "bob", asked: [] });
      expect(await ask("/keys/admin", key("k-bob"))).toMatchObject({ status: 403, target: undefined });
    });

    it.each([
      "k-eve",
      "K-ANN",
      digest("k-ann"),
      "ann",
      "#",
      "nonsense",
      "ebb_0000000000000000000000000000",
      "k-ann k-bob",
    ])("is refused if nobody knows it: %s", async (text) => {
      const answer = await ask("/keys/1", key(text));
      expect(answer).toMatchObject({ status: 401, target: undefined });
    });

    it("is refused without the secrets, and a line that cannot be read is named by its number only", async () => {
      expect(await ask("/unset/1", ["Authorization: Bearer k-ann"])).toMatchObject({
        status: 503,
        body: '{"error":"secret_missing"}',
        target: undefined,
      });
      expect(gateway.workerd.log()).toContain("secret KEYS: line 4");
      expect(gateway.workerd.log()).not.toContain("nonsense");
    });
  });

  it("is kept from the upstream, or replaced, where the service says so", async () => {
    const good = ["Authorization: Bearer k-ann", "Authorization-Extra: 1"];
    expect((await ask("/removed/1", good)).sent("authorization")).toEqual([]);
    expect((await ask("/replaced/1", good)).sent("authorization")).toEqual(["Bearer of-the-gateway"]);
    expect((await ask("/replaced/open", good)).sent("authorization")).toEqual(["Bearer of-the-gateway"]);
    expect(await ask("/replaced/1", ["Authorization: Bearer k-eve"])).toMatchObject({ status: 401, target: undefined });
    const preflight = ["Origin: https://a.example", "Access-Control-Request-Method: GET"];
    const passed = await ask("/replaced/1", [...preflight, ...good], "OPTIONS");
    expect([passed.status, passed.sent("authorization")]).toEqual([200, []]);
    expect(await ask("/unreplaced/1", good)).toMatchObject({ status: 503, target: undefined });
    const plain = await ask("/plain-removed/1", ["Authorization: Bearer good"]);
    expect([plain.status, plain.user, plain.sent("authorization")]).toEqual([200, "Bearer good /plain-removed/1", []]);
  });

  describe("whose verified subject a decision point is asked about", () => {
    it("is told as the user, with its issuer", async () => {
      const bearer = async (sub: unknown) => [`Authorization: Bearer ${await issuer.token({ sub: sub as string })}`];
      const user = `user ann of ${issuer.origin}`;
      expect(await ask("/subject/1", await bearer("ann"))).toMatchObject({ status: 200, user });
      // Another token of the same user is the same question.
      expect(await ask("/subject/1", await bearer("ann"))).toMatchObject({ status: 200, user, asked: [] });
      expect(await ask("/subject/1", await bearer("eve"))).toMatchObject({ status: 403, target: undefined });
    });

    it("is purged by the token too", async () => {
      const token = await issuer.token({ sub: "purged" });
      const bearer = [`Authorization: Bearer ${token}`];
      expect(await ask("/subject/1", bearer)).toMatchObject({ status: 200 });
      const response = await fetch(`http://127.0.0.1:${gateway.port}/stats/purge`, {
        method: "POST",
        body: JSON.stringify({ service: "subject", credential: token }),
      });
      expect(await response.json()).toMatchObject({ services: { subject: { purged: 1, verifiedForMs: 60_000 } } });
      const { status, asked } = await ask("/subject/1", bearer);
      expect({ status, asked: asked.length }).toEqual({ status: 200, asked: 1 });
    });

    it("is not asked about without one that can be told as it is", async () => {
      for (const sub of [undefined, "", "a b", "zoë", 7]) {
        const token = await issuer.token({ sub: sub as string });
        const answer = await ask("/subject/1", [`Authorization: Bearer ${token}`]);
        expect(answer).toMatchObject({ status: 503, target: undefined, asked: [] });
      }
    });

    it("is never taken from the client", async () => {
      const forged = ["Authorization: Bearer ann", `X-Ebb-Token-Issuer: ${issuer.origin}`];
      expect(await ask("/subject/1", forged)).toMatchObject({ status: 401, target: undefined, asked: [] });
    });
  });
});
