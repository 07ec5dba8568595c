import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json, type SigningKey, signingKey, TokenIssuer } from "./token-issuer.ts";
import { VARIANTS } from "./variants.ts";

/** The keys of issuers: which are trusted, how often they are fetched, and what happens without them. */

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(VARIANTS)("with $name, the keys of an issuer", (variant) => {
  let upstream: RawServer;
  const issuers: TokenIssuer[] = [];
  const gateways: SecurityGateway[] = [];

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
  });
  afterAll(async () => {
    await Promise.all([...gateways, ...issuers, upstream].map((each) => each?.stop()));
  });

  /** A fresh isolate with one issuer. */
  async function start(options: { discovered?: boolean; staleKeysMs?: number } = {}) {
    const issuer = await TokenIssuer.start();
    issuers.push(issuer);
    const { discovered = false, staleKeysMs } = options;
    const gateway = await startGateway(
      {
        services: {
          orders: {
            route: { prefix: "/orders" },
            upstream: { url: upstream.origin },
            clusters: { login: { url: issuer.origin, timeoutMs: 1_000 } },
            authorization: {
              protocol: "jwt",
              issuers: [
                {
                  issuer: issuer.origin,
                  audience: "orders-api",
                  ...(discovered ? {} : { jwks: { cluster: "login", path: "/jwks.json" } }),
                  ...(staleKeysMs === undefined ? {} : { staleKeysMs }),
                },
              ],
            },
          },
        },
      },
      { variant },
    );
    gateways.push(gateway);
    const ask = async (token: string) => {
      const { status, body } = await gateway.send({ target: "/orders/1", headers: [`Authorization: Bearer ${token}`] });
      return status === 200 ? "served" : `${status} ${JSON.parse(body).error}`;
    };
    return { issuer, gateway, ask };
  }

  it("are fetched once for many requests, also for those that come at once", async () => {
    const { issuer, ask } = await start();
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => issuer.token({ sub: `user-${n}` })));
    expect(new Set(await Promise.all(tokens.map(ask)))).toEqual(new Set(["served"]));
    expect(issuer.fetches).toBe(1);
  });

  it("are fetched again for a new key, once, whatever clients send", async () => {
    const { issuer, ask } = await start();
    expect(await ask(await issuer.token())).toBe("served");
    const [newKey, unknown] = await Promise.all([signingKey("key-3", "RS256"), signingKey("unknown", "RS256")]);
    issuer.keys.push(newKey);
    expect(await ask(await issuer.token({}, {}, newKey))).toBe("served");
    expect(issuer.fetches).toBe(2);
    const tokens = Array.from({ length: 20 }, (_, n) => issuer.token({}, { kid: `unknown-${n}` }, unknown));
    const answers = await Promise.all(tokens.map(async (token) => ask(await token)));
    expect(new Set(answers)).toEqual(new Set(["401 token_invalid"]));
    expect(issuer.fetches).toBe(2);
  });

  it("take along what they verified when they go", async () => {
    const { issuer, ask } = await start();
    const token = await issuer.token();
    expect(await ask(token)).toBe("served");
    const newKey = await signingKey("key-3", "ES256");
    issuer.keys = [newKey];
    expect(await ask(await issuer.token({}, {}, newKey))).toBe("served");
    expect(await ask(token)).toBe("401 token_invalid");
  });

  it("with the name of another key do not take its place", async () => {
    const { issuer, ask } = await start();
    const token = await issuer.token();
    expect(await ask(token)).toBe("served");
    issuer.keys = [await signingKey("key-1", "RS256"), await signingKey("key-3", "RS256")];
    expect(await ask(await issuer.token({}, {}, issuer.keys[1]))).toBe("served");
    expect(await ask(token)).toBe("401 token_invalid");
  });

  it("that a token does not name are all tried", async () => {
    const { issuer, ask } = await start();
    const keys = await Promise.all(["a", "b", "c"].map((kid) => signingKey(kid, "RS256")));
    issuer.keys = keys.map((key) => ({ ...key, jwk: { ...key.jwk, kid: undefined as never } }));
    for (const key of issuer.keys) expect(await ask(await issuer.token({}, {}, key))).toBe("served");
    expect(await ask(await issuer.token({}, {}, await signingKey("d", "RS256")))).toMatch(/^401 /);
  });

  it("that cannot be fetched close the service, and are not asked for again at once", async () => {
    const { issuer, gateway, ask } = await start();
    issuer.answer = () => ({ status: 500 });
    const token = await issuer.token();
    for (let n = 0; n < 5; n += 1) expect(await ask(token)).toBe("503 keys_unavailable");
    expect(issuer.fetches).toBe(1);
    expect(gateway.workerd.log()).toContain("answers 500");
    await expect.poll(async () => (await gateway.stats("orders")).undecided, { timeout: 5_000 }).toBe(5);
  });

  it("that cannot be fetched again are used for a while, and then no more", async () => {
    const { issuer, ask } = await start({ staleKeysMs: 1_500 });
    const token = await issuer.token();
    expect(await ask(token)).toBe("served");
    issuer.answer = () => "reset";
    expect(await ask(await issuer.token({}, { kid: "new" }, await signingKey("new", "RS256")))).toBe(
      "401 token_invalid",
    );
    expect(await ask(token)).toBe("served");
    await after(1_600);
    expect(await ask(token)).toBe("503 keys_unavailable");
    expect(await ask(await issuer.token())).toBe("503 keys_unavailable");
  });

  const useless: [name: string, answer: (issuer: TokenIssuer) => ReturnType<NonNullable<TokenIssuer["answer"]>>][] = [
    ["are no JSON", () => ({ body: "<html>" })],
    ["are no object", () => ({ body: "[]" })],
    ["are not a list", () => json({ keys: { 0: {} } })],
    ["are none", () => json({ keys: [] })],
    ["are too many", ({ keys }) => json({ keys: Array.from({ length: 10_000 }, () => keys[0]!.jwk) })],
    ["are too large", ({ keys }) => json({ keys: [{ ...keys[0]!.jwk, x5c: ["A".repeat(10_000_000)] }] })],
    ["are somewhere else", () => ({ status: 302, headers: [["location", "/jwks.json"]] })],
    ["never end", () => "hang"],
  ];
  it.each(useless)("that %s are not used", async (_, answer) => {
    const { issuer, ask } = await start();
    issuer.answer = () => answer(issuer);
    expect(await ask(await issuer.token())).toBe("503 keys_unavailable");
  });

  it("beside others that nobody knows are used", async () => {
    const { issuer, ask } = await start();
    const odd = [null, 1, "key", [], {}, { kty: "XYZ", kid: "key-1" }, { kty: "oct", k: "AAAA", kid: "key-1" }];
    issuer.answer = () => json({ keys: [...odd, ...issuer.keys.map(({ jwk }) => jwk)] });
    expect(await ask(await issuer.token())).toBe("served");
  });

  it("that are too short are not used", async () => {
    const { issuer, ask } = await start();
    const short = { kty: "RSA", kid: "short", e: "AQAB", n: Buffer.alloc(64, 0xff).toString("base64url") };
    issuer.answer = () => json({ keys: [short] });
    expect(await ask(await issuer.token({}, { kid: "short" }))).toBe("401 token_invalid");
  });

  it("that are too short do not keep others with their name, or without one, from being tried", async () => {
    const { issuer, ask } = await start();
    const short = { kty: "RSA", e: "AQAB", n: Buffer.alloc(64, 0xff).toString("base64url") };
    const [{ jwk }] = issuer.keys as [SigningKey];
    issuer.answer = () =>
      json({ keys: [{ ...short, kid: "key-1" }, { ...short, kid: "key-1", n: "AAAA" }, jwk, short] });
    expect(await ask(await issuer.token())).toBe("served");
    expect(await ask(await issuer.token({}, { kid: undefined as never }))).toBe("served");
  });

  describe("found by discovery", () => {
    it("are used", async () => {
      const { issuer, ask } = await start({ discovered: true });
      expect(await ask(await issuer.token())).toBe("served");
    });

    const metadata: [name: string, metadata: (origin: string) => object][] = [
      ["of another issuer", () => ({ issuer: "https://login.example", jwks_uri: "https://login.example/keys" })],
      ["of an issuer with a slash more", (origin) => ({ issuer: `${origin}/`, jwks_uri: `${origin}/jwks.json` })],
      ["without keys", (origin) => ({ issuer: origin })],
      [
        "with keys on another host without encryption",
        (origin) => ({ issuer: origin, jwks_uri: "http://localhost:1/" }),
      ],
      ["with keys in a file", (origin) => ({ issuer: origin, jwks_uri: "file:///etc/passwd" })],
      ["with keys in a list", (origin) => ({ issuer: origin, jwks_uri: [`${origin}/jwks.json`] })],
    ];
    it.each(metadata)("in metadata %s are not used", async (_, metadataOf) => {
      const { issuer, ask } = await start({ discovered: true });
      issuer.answer = ({ target }) =>
        target === "/.well-known/openid-configuration" ? json(metadataOf(issuer.origin)) : undefined;
      expect(await ask(await issuer.token())).toBe("503 keys_unavailable");
    });

    it("are found where OAuth servers without OpenID Connect have their metadata", async () => {
      const { issuer, ask } = await start({ discovered: true });
      issuer.answer = ({ target }) => {
        if (target === "/.well-known/openid-configuration") return { status: 404 };
        if (target !== "/.well-known/oauth-authorization-server") return undefined;
        return json({ issuer: issuer.origin, jwks_uri: `${issuer.origin}/jwks.json` });
      };
      expect(await ask(await issuer.token())).toBe("served");
    });
  });
});
