import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { type SigningKey, signingKey, TokenIssuer } from "./token-issuer.ts";
import { UNOPENED_VARIANTS } from "./variants.ts";

/** Tokens that the Worker verifies: only those that their issuer signed, for this service, get in. */

describe.each(UNOPENED_VARIANTS)("with $name, a token", (variant) => {
  let upstream: RawServer;
  let server: RawServer;
  let issuer: TokenIssuer;
  let gateway: SecurityGateway;
  let foreign: SigningKey;

  beforeAll(async () => {
    [upstream, issuer, foreign] = await Promise.all([
      RawServer.start(() => ({ body: "served" })),
      TokenIssuer.start(),
      signingKey("key-1", "RS256"),
    ]);
    server = await RawServer.start(({ headers, body }) => {
      const token = new URLSearchParams(body.toString()).get("token");
      if (token !== null) return { body: JSON.stringify({ active: true, sub: "introspected" }) };
      return { status: 200, headers: [["x-user", linesOf({ headers }, "authorization")[0] ?? "none"]] };
    });
    const issuers = [{ issuer: issuer.origin, audience: "orders-api" }];
    const common = { upstream: { url: upstream.origin } };
    const clusters = { auth: { url: server.origin } };
    gateway = await startGateway(
      {
        services: {
          orders: {
            ...common,
            route: { prefix: "/orders" },
            authorization: {
              protocol: "jwt",
              issuers,
              upstreamClaims: { sub: "x-user", "realm_access.roles": "x-roles" },
            },
            rules: [
              { path: "/orders/open", public: true },
              { path: "/orders/admin/*", scopes: ["orders:admin"] },
              { path: "/orders/some/*", scopes: { anyOf: ["orders:read", "orders:write"] } },
              { path: "/orders/staff/*", claims: { "realm_access.roles": { includes: "staff" } } },
            ],
          },
          counted: {
            ...common,
            route: { prefix: "/counted" },
            authorization: { protocol: "jwt", issuers },
            rules: [{ path: "/counted/admin/*", scopes: ["orders:admin"] }],
          },
          strict: {
            ...common,
            route: { prefix: "/strict" },
            authorization: {
              protocol: "jwt",
              issuers: [
                { issuer: issuer.origin, audience: "any", clientIds: ["app-1"], typ: "at+jwt", algorithms: ["ES256"] },
              ],
            },
          },
          checked: {
            ...common,
            clusters,
            route: { prefix: "/checked" },
            authorization: {
              protocol: "forward-auth",
              cluster: "auth",
              path: "/check",
              upstreamHeaders: ["x-user"],
              verify: { issuers },
            },
            rules: [{ path: "/checked/admin/*", scopes: ["orders:admin"] }],
          },
          introspected: {
            ...common,
            clusters,
            route: { prefix: "/introspected" },
            authorization: {
              protocol: "introspection",
              cluster: "auth",
              path: "/introspect",
              clientAuthentication: { type: "none" },
              verify: { issuers },
              upstreamClaims: { sub: "x-user" },
            },
          },
        },
      },
      { variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), server?.stop(), issuer?.stop()]);
  });

  async function ask(target: string, token: string | undefined, headers: string[] = []) {
    const before = upstream.requests.length;
    const credential = token === undefined ? [] : [`Authorization: Bearer ${token}`];
    const response = await gateway.send({ target, headers: [...credential, "X-User: forged", ...headers] });
    const seen = upstream.requests.slice(before);
    const [challenge] = response.headers.filter(([name]) => name.toLowerCase() === "www-authenticate");
    return {
      status: response.status,
      body: response.body,
      challenge: challenge?.[1],
      users: seen.map((request) => linesOf(request, "x-user")),
      roles: seen.map((request) => linesOf(request, "x-roles")),
    };
  }
  const refused = { users: [] };

  it("of the issuer gets in, as the user that it names", async () => {
    for (const key of issuer.keys) {
      const token = await issuer.token({ sub: "zoë", realm_access: { roles: ["staff", "dev"] } }, {}, key);
      // Verified, and then from what is kept.
      for (let n = 0; n < 3; n += 1) {
        const user = Buffer.from("zoë").toString("latin1");
        expect(await ask("/orders/1", token)).toMatchObject({ status: 200, users: [[user]], roles: [["staff,dev"]] });
      }
    }
  });

  it("that is missing is asked for, without an error", async () => {
    expect(await ask("/orders/1", undefined)).toMatchObject({
      ...refused,
      status: 401,
      body: '{"error":"missing_credential"}',
      challenge: 'Bearer realm="orders"',
    });
    expect(await ask("/orders/open", undefined)).toMatchObject({ status: 200, users: [[]] });
  });

  const now = () => Math.floor(Date.now() / 1_000);
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const good = () => ({ iss: issuer.origin, aud: "orders-api", sub: "root", exp: now() + 60 });
  const bad: [name: string, reason: string, token: () => Promise<string>][] = [
    ["is signed with another key", "token_invalid", () => issuer.token({}, {}, foreign)],
    ["names a key that is not there", "token_invalid", () => issuer.token({}, { kid: "../key-1" }, foreign)],
    ["has expired", "token_expired", () => issuer.token({ exp: now() - 31 })],
    ["is not valid yet", "token_not_yet_valid", () => issuer.token({ nbf: now() + 40 })],
    ["never expires", "token_invalid", () => issuer.token({ exp: undefined as never })],
    ["expires at a text", "token_invalid", () => issuer.token({ exp: String(now() + 60) as never })],
    ["is valid from a text", "token_invalid", () => issuer.token({ nbf: "yesterday" as never })],
    ["is for another service", "token_unexpected", () => issuer.token({ aud: "billing-api" })],
    ["is for nobody", "token_unexpected", () => issuer.token({ aud: undefined as never })],
    ["is of another issuer", "token_unexpected", () => issuer.token({ iss: `${issuer.origin}/` })],
    ["has no issuer", "token_unexpected", () => issuer.token({ iss: undefined as never })],
    ["has an issuer in a list", "token_unexpected", () => issuer.token({ iss: [issuer.origin] as never })],
    [
      "has an extension that nobody knows",
      "token_invalid",
      async () => {
        const { privateKey } = issuer.keys[0]!;
        return new SignJWT(good())
          .setProtectedHeader({ alg: "RS256", kid: "key-1", crit: ["x"], x: 1 })
          .sign(privateKey, { crit: { x: true } });
      },
    ],
    [
      "is signed with the public key as a secret",
      "token_invalid",
      async () => {
        const secret = new TextEncoder().encode(JSON.stringify(issuer.keys[0]!.jwk));
        return new SignJWT(good()).setProtectedHeader({ alg: "HS256", kid: "key-1" }).sign(secret);
      },
    ],
    [
      "brings its own key",
      "token_invalid",
      () => issuer.token({}, { jwk: foreign.jwk as never, kid: undefined as never }, foreign),
    ],
    [
      "says where its key is",
      "token_invalid",
      () => issuer.token({}, { jku: `${issuer.origin}/jwks.json`, x5u: `${issuer.origin}/x` } as never, foreign),
    ],
  ];
  it.each(bad)("that %s is refused: %s", async (_, reason, token) => {
    expect(await ask("/orders/1", await token())).toMatchObject({
      ...refused,
      status: 401,
      body: JSON.stringify({ error: reason }),
      challenge: 'Bearer realm="orders", error="invalid_token"',
    });
  });

  const odd: [name: string, token: () => Promise<string> | string][] = [
    ["is no token", () => "abc"],
    ["has empty parts", () => ".."],
    ["has no signature", () => `${encoded({ alg: "none" })}.${encoded(good())}.`],
    ["says none and has a signature", () => `${encoded({ alg: "none" })}.${encoded(good())}.AAAA`],
    ["says None", () => `${encoded({ alg: "None" })}.${encoded(good())}.AAAA`],
    ["has an algorithm in a list", () => `${encoded({ alg: ["RS256"] })}.${encoded(good())}.AAAA`],
    ["has claims in a list", () => `${encoded({ alg: "RS256" })}.${encoded([good()])}.AAAA`],
    ["has null for claims", () => `${encoded({ alg: "RS256" })}.${encoded(null)}.AAAA`],
    ["has four parts", async () => `${await issuer.token()}.AAAA`],
    ["is encrypted", () => `${encoded({ alg: "dir", enc: "A256GCM" })}..AAAA.AAAA.AAAA`],
    ["is too long", async () => `${await issuer.token({ pad: "x".repeat(20_000) })}`],
    ["is deep", () => `${encoded({ alg: "RS256" })}.${Buffer.from("[".repeat(9_000)).toString("base64url")}.AAAA`],
    ["is in bytes beyond ASCII", async () => `${await issuer.token()}é`],
    ["is there twice", async () => `${await issuer.token()}, Bearer ${await issuer.token()}`],
  ];
  it.each(odd)("that %s is refused", async (_, token) => {
    const answer = await ask("/orders/1", await token());
    expect(answer).toMatchObject(refused);
    expect([400, 401]).toContain(answer.status);
  });

  it("whose last character is changed is refused, even where decoders ignore its last bits", async () => {
    const token = await issuer.token();
    for (const last of "ABCDwxyz-_") {
      const changed = token.slice(0, -1) + last;
      if (changed === token) continue;
      const answer = await ask("/orders/1", changed);
      // Base64url has spare bits at the end: another spelling of the same signature is the same token.
      if (Buffer.from(changed.split(".")[2]!, "base64url").equals(Buffer.from(token.split(".")[2]!, "base64url")))
        continue;
      expect(answer).toMatchObject({ ...refused, status: 401 });
    }
  });

  it("is accepted within the clocks' tolerance of half a minute", async () => {
    expect(await ask("/orders/1", await issuer.token({ exp: now() - 20 }))).toMatchObject({ status: 200 });
    expect(await ask("/orders/1", await issuer.token({ nbf: now() + 20 }))).toMatchObject({ status: 200 });
  });

  it("for several services is accepted by each of them", async () => {
    expect(await ask("/orders/1", await issuer.token({ aud: ["billing-api", "orders-api"] }))).toMatchObject({
      status: 200,
    });
  });

  it("without the scopes of a rule is refused there, and only there", async () => {
    const plain = await issuer.token({ scope: "orders:read profile" });
    expect(await ask("/orders/1", plain)).toMatchObject({ status: 200 });
    expect(await ask("/orders/some/1", plain)).toMatchObject({ status: 200 });
    expect(await ask("/orders/admin/1", plain)).toMatchObject({
      ...refused,
      status: 403,
      body: '{"error":"insufficient_scope"}',
      challenge: 'Bearer realm="orders", error="insufficient_scope", scope="orders:admin"',
    });
    expect(await ask("/orders/some/1", await issuer.token({ scope: "profile" }))).toMatchObject({ status: 403 });
  });

  it.each([
    [{ scope: "a orders:admin b" }, 200],
    [{ scp: "orders:admin" }, 200],
    [{ scp: ["a", "orders:admin"] }, 200],
    [{ scope: ["orders:admin"] }, 200],
    [{ scp: ["a orders:admin"] }, 403],
    [{ scope: "orders:administrator" }, 403],
    [{ scope: { "orders:admin": true } }, 403],
    [{ scope: [["orders:admin"]] }, 403],
    [{ scopes: "orders:admin" }, 403],
    [{}, 403],
  ])("with the scopes %j gets %i where a scope is asked for", async (claims, status) => {
    expect(await ask("/orders/admin/1", await issuer.token(claims))).toMatchObject({ status });
  });

  it.each([
    [{ realm_access: { roles: ["staff"] } }, 200],
    [{ realm_access: { roles: "staff" } }, 403],
    [{ realm_access: { roles: [["staff"]] } }, 403],
    [{ realm_access: null }, 403],
    [{ "realm_access.roles": ["staff"] }, 403],
    [{}, 403],
  ])("with the claims %j gets %i where a claim is asked for", async (claims, status) => {
    expect(await ask("/orders/staff/1", await issuer.token(claims))).toMatchObject({ status });
  });

  it("that no header can carry gives no identity, and does not get in", async () => {
    for (const sub of ["root\r\nX-Admin: 1", " root", "root\u0000", ""]) {
      expect(await ask("/orders/1", await issuer.token({ sub }))).toMatchObject({ ...refused, status: 503 });
    }
    expect(await ask("/orders/1", await issuer.token({ sub: { $ne: null } as never }))).toMatchObject({
      status: 200,
      users: [[]],
    });
  });

  it("must be of the type, client and algorithm that its issuer's settings name", async () => {
    const [rsa, ec] = issuer.keys as [SigningKey, SigningKey];
    const asked = (claims: object, header: object, key: SigningKey) =>
      issuer.token({ aud: undefined as never, ...claims }, header, key).then((token) => ask("/strict/1", token));
    expect(await asked({ client_id: "app-1" }, { typ: "at+jwt" }, ec)).toMatchObject({ status: 200 });
    expect(await asked({ azp: "app-1" }, { typ: "application/at+JWT" }, ec)).toMatchObject({ status: 200 });
    const others: [object, object, SigningKey][] = [
      [{ client_id: "app-1" }, { typ: "at+jwt" }, rsa],
      [{ client_id: "app-1" }, { typ: "JWT" }, ec],
      [{ client_id: "app-1" }, {}, ec],
      [{ client_id: "app-2", azp: "app-1" }, { typ: "at+jwt" }, ec],
      [{ client_id: ["app-1"] }, { typ: "at+jwt" }, ec],
      [{}, { typ: "at+jwt" }, ec],
    ];
    for (const other of others) expect(await asked(...other)).toMatchObject({ ...refused, status: 401 });
  });

  it("that is not valid never reaches the server that is asked after it", async () => {
    const before = server.requests.length;
    for (const service of ["checked", "introspected"]) {
      expect(await ask(`/${service}/1`, "garbage")).toMatchObject({ ...refused, status: 401 });
      expect(await ask(`/${service}/1`, await issuer.token({}, {}, foreign))).toMatchObject({
        ...refused,
        status: 401,
      });
    }
    expect(server.requests.length).toBe(before);
    const token = await issuer.token({ scope: "orders:read" });
    expect(await ask("/checked/1", token)).toMatchObject({ status: 200, users: [[`Bearer ${token}`]] });
    expect(await ask("/checked/admin/1", token)).toMatchObject({ ...refused, status: 403 });
    expect(await ask("/introspected/1", token)).toMatchObject({ status: 200, users: [["introspected"]] });
  });

  it("is counted by the service's object, which decides nothing", async () => {
    const token = await issuer.token();
    for (let n = 0; n < 5; n += 1) await ask("/counted/1", token);
    await ask("/counted/admin/1", token);
    await ask("/counted/1", "garbage");
    const counted = async () => {
      const { requests, hits, verified, refusedEarly, generation, outbound } = await gateway.stats("counted");
      return { requests, hits, verified, refusedEarly, generation, outbound };
    };
    await expect
      .poll(counted, { timeout: 5_000 })
      .toEqual({ requests: 7, hits: 5, verified: 6, refusedEarly: 1, generation: 0, outbound: 0 });
  });

  it("appears in no log", async () => {
    await ask("/orders/1", "very-secret-garbage");
    const token = await issuer.token({ sub: " very-secret-sub" });
    await ask("/orders/1", token);
    expect(gateway.workerd.log()).not.toContain("very-secret");
    expect(gateway.workerd.log()).not.toContain(token.split(".")[1]);
  });
});
