import { decodeJwt, exportJWK, exportPKCS8, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, type RawReply, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json, signingKey, TokenIssuer } from "./token-issuer.ts";

/** Introspection where the gateway proves itself by a signature, and the server by signing its replies. */

const SIGNED = "application/token-introspection+jwt";

let issuer: TokenIssuer;
let server: RawServer;
let upstream: RawServer;
let gateway: SecurityGateway;
let answer: () => RawReply | Promise<RawReply>;
const keys = {
  rsa: await generateKeyPair("RS256", { extractable: true }),
  ec: await generateKeyPair("ES256", { extractable: true }),
};
let tokens = 0;

function serviceOf(name: string, changes: object) {
  return {
    route: { prefix: `/${name}` },
    upstream: { url: upstream.origin },
    clusters: {
      login: { url: server.origin, timeoutMs: 2_000 },
      keys: { url: issuer.origin, timeoutMs: 2_000 },
    },
    authorization: { protocol: "introspection", cluster: "login", path: "/introspect?a=b", ...changes },
    failOpen: true,
  } as const;
}

beforeAll(async () => {
  issuer = await TokenIssuer.start();
  server = await RawServer.start(() => answer());
  upstream = await RawServer.start(({ headers }) => json(Object.fromEntries(headers)));
  const client = { type: "private-key-jwt", id: "gate way/1", audience: `${server.origin}/token` } as const;
  const rsa = { clientAuthentication: { ...client, key: { secret: "RSA_JWK" }, algorithm: "RS256" } };
  const pem = { clientAuthentication: { ...client, key: { secret: "EC_PEM" }, algorithm: "ES256" } };
  const bad = (secret: string, algorithm: string) => ({
    clientAuthentication: { ...client, key: { secret }, algorithm },
  });
  const signed = {
    clientAuthentication: { type: "basic", id: "gateway", secret: { secret: "CLIENT_SECRET" } },
    signedReplies: { issuer: issuer.origin, jwks: { cluster: "keys", path: "/jwks.json" } },
    upstreamClaims: { sub: "x-user" },
  };
  const services = {
    rsa: serviceOf("rsa", rsa),
    pem: serviceOf("pem", pem),
    "no-key": serviceOf("no-key", bad("NOT_A_KEY", "RS256")),
    "public-key": serviceOf("public-key", bad("PUBLIC_JWK", "RS256")),
    "other-key": serviceOf("other-key", bad("EC_PEM", "RS256")),
    "other-alg": serviceOf("other-alg", bad("RSA_JWK", "PS256")),
    symmetric: serviceOf("symmetric", bad("SYMMETRIC_JWK", "RS256")),
    missing: serviceOf("missing", bad("MISSING", "RS256")),
    signed: serviceOf("signed", signed),
    odd: serviceOf("odd", { ...rsa, ...signed, ...rsa, path: '/introspect/{id}?a="<b>' }),
    discovered: serviceOf("discovered", { ...signed, signedReplies: { issuer: issuer.origin } }),
    subject: serviceOf("subject", {
      protocol: "opa",
      path: "/v1/data/allow",
      subject: {
        ...rsa,
        signedReplies: { ...signed.signedReplies, audience: "gateway" },
        cluster: "login",
        path: "/introspect?a=b",
      },
    }),
  };
  const rsaJwk = { ...(await exportJWK(keys.rsa.privateKey)), kid: "own-1", alg: "RS256" };
  gateway = await startGateway({ services } as never, {
    text: {
      RSA_JWK: JSON.stringify(rsaJwk),
      EC_PEM: (await exportPKCS8(keys.ec.privateKey)).trim().replaceAll("\n", "\\n"),
      NOT_A_KEY: '{"kty":"RSA","d":"very secret text","n":',
      PUBLIC_JWK: JSON.stringify(await exportJWK(keys.rsa.publicKey)),
      SYMMETRIC_JWK: JSON.stringify({ kty: "oct", k: "c2VjcmV0", d: "x" }),
      CLIENT_SECRET: "s3cret",
    },
  });
});
afterAll(async () => {
  await Promise.all([gateway, issuer, server, upstream].map((each) => each?.stop()));
});

async function ask(service: string, token = `token-${++tokens}`) {
  server.requests.length = 0;
  upstream.requests.length = 0;
  const { status, body } = await gateway.send({ target: `/${service}/1`, headers: [`Authorization: Bearer ${token}`] });
  return status === 200 ? "served" : `${status} ${JSON.parse(body).error}`;
}

function formOf(index = 0): URLSearchParams {
  return new URLSearchParams(server.requests[index]!.body.toString());
}

const ACTIVE = { active: true, sub: "ann" };

describe("private_key_jwt", () => {
  it.each([
    ["rsa", "RS256"],
    ["pem", "ES256"],
  ] as const)("signs the call with the key of %s", async (service, algorithm) => {
    answer = () => json(ACTIVE);
    expect(await ask(service)).toBe("served");
    const form = formOf();
    expect(form.get("token")).toBe(`token-${tokens}`);
    expect(form.get("client_id")).toBe("gate way/1");
    expect(form.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const assertion = form.get("client_assertion")!;
    const key = (algorithm === "RS256" ? keys.rsa : keys.ec).publicKey;
    const options = { issuer: "gate way/1", subject: "gate way/1", audience: `${server.origin}/token` };
    const { payload, protectedHeader } = await jwtVerify(assertion, key, { ...options, algorithms: [algorithm] });
    expect(payload.exp! - payload.iat!).toBe(60);
    expect(protectedHeader.kid).toBe(algorithm === "RS256" ? "own-1" : undefined);
    expect(linesOf(server.requests[0]!, "authorization")).toEqual([]);
    expect(server.requests[0]!.target).toBe("/introspect?a=b");
  });

  it("makes a signature for each call, which no server has seen", async () => {
    answer = () => json(ACTIVE);
    const seen = new Set<unknown>();
    for (let n = 0; n < 5; n++) {
      await ask("rsa");
      seen.add(decodeJwt(formOf().get("client_assertion")!).jti);
    }
    expect(seen.size).toBe(5);
  });

  it("makes another one if the connection broke and the call is sent again", async () => {
    let calls = 0;
    answer = () => (++calls === 1 ? "reset" : json(ACTIVE));
    expect(await ask("rsa")).toBe("served");
    const [first, second] = [0, 1].map((index) => decodeJwt(formOf(index).get("client_assertion")!).jti);
    expect(first).not.toBe(second);
  });

  it("cannot be disturbed by what is in a token", async () => {
    answer = () => json(ACTIVE);
    await ask("rsa", "a&client_id=eve&client_assertion=x%26");
    const form = formOf();
    expect(form.get("token")).toBe("a&client_id=eve&client_assertion=x%26");
    expect(form.getAll("client_id")).toEqual(["gate way/1"]);
    expect(form.getAll("client_assertion")).toHaveLength(1);
  });

  it.each([
    ["no-key", "NOT_A_KEY"],
    ["public-key", "PUBLIC_JWK"],
    ["other-key", "EC_PEM"],
    ["other-alg", "RSA_JWK"],
    ["symmetric", "SYMMETRIC_JWK"],
  ])(
    "with a key that cannot sign (%s) lets nobody in, and names the secret, but nothing of it",
    async (service, secret) => {
      answer = () => json(ACTIVE);
      expect(await ask(service)).toBe("503 authorization_server_error");
      expect(server.requests).toHaveLength(0);
      expect(upstream.requests).toHaveLength(0);
      expect(gateway.workerd.log()).toContain(`secret ${secret} is no private key`);
      expect(gateway.workerd.log()).not.toContain("very secret");
      expect(gateway.workerd.log()).not.toContain("MIG");
    },
  );

  it("without its secret lets nobody in", async () => {
    expect(await ask("missing")).toBe("503 secret_missing");
    expect(gateway.workerd.log()).toContain("secret MISSING is not set");
  });
});

interface Reply {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: Awaited<ReturnType<typeof signingKey>>;
  readonly type?: string;
  readonly state?: unknown;
}

async function signedText({
  claims = {},
  header = {},
  key = issuer.keys[0]!,
  state = ACTIVE,
}: Reply = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const all = { iss: issuer.origin, aud: "gateway", iat: now, token_introspection: state, ...claims };
  return new SignJWT(JSON.parse(JSON.stringify(all)))
    .setProtectedHeader({ alg: key.algorithm, kid: key.jwk.kid!, typ: "token-introspection+jwt", ...header })
    .sign(key.privateKey);
}

async function signed(reply: Reply = {}): Promise<RawReply> {
  return { headers: [["content-type", reply.type ?? SIGNED]], body: await signedText(reply) };
}

describe.each(["signed", "discovered"])("with signed replies (%s)", (service) => {
  it("asks for one, and uses what is signed", async () => {
    answer = () => signed();
    expect(await ask(service)).toBe("served");
    expect(linesOf(server.requests[0]!, "accept")).toEqual([SIGNED]);
    expect(linesOf(server.requests[0]!, "authorization")).toHaveLength(1);
    expect(linesOf(upstream.requests[0]!, "x-user")).toEqual(["ann"]);
  });

  it("takes a type with a charset, a list of audiences and a typ in full", async () => {
    answer = () =>
      signed({ type: `${SIGNED}; charset=utf-8`, claims: { aud: ["other", "gateway"] }, header: { typ: SIGNED } });
    expect(await ask(service)).toBe("served");
  });

  it("refuses an inactive token, whose reply is signed too", async () => {
    answer = () => signed({ state: { active: false } });
    expect(await ask(service)).toBe("401 token_inactive");
  });

  it("fetches the keys again for a reply by a new one", async () => {
    const key = await signingKey(`new-${service}`, "ES256");
    answer = () => signed();
    await ask(service);
    issuer.keys.push(key);
    answer = () => signed({ key });
    expect(await ask(service)).toBe("served");
  });

  const now = () => Math.floor(Date.now() / 1_000);
  it.each<[string, () => Promise<RawReply> | RawReply]>([
    ["is not signed", () => json(ACTIVE)],
    [
      "is not signed, under the type of one that is",
      () => ({ headers: [["content-type", SIGNED]], body: JSON.stringify(ACTIVE) }),
    ],
    ["is signed, under another type", () => signed({ type: "application/jwt" })],
    ["is of another issuer", () => signed({ claims: { iss: "https://evil.example" } })],
    ["is for another client", () => signed({ claims: { aud: "other" } })],
    ["is for nobody", () => signed({ claims: { aud: undefined } })],
    ["is a token of another kind", () => signed({ header: { typ: "at+jwt" } })],
    ["is of no kind", () => signed({ header: { typ: undefined } })],
    ["is an old one", () => signed({ claims: { iat: now() - 120 } })],
    ["is of the future", () => signed({ claims: { iat: now() + 120 } })],
    ["has no time", () => signed({ claims: { iat: undefined } })],
    ["has no state", () => signed({ state: null })],
    ["has a list as its state", () => signed({ state: [ACTIVE] })],
    ["has expired", () => signed({ claims: { exp: now() - 60 } })],
    ["is empty", () => ({ headers: [["content-type", SIGNED]], body: "" })],
    ["is long", () => ({ headers: [["content-type", SIGNED]], body: "a".repeat(100_000) })],
    ["names an unknown key", async () => signed({ key: await signingKey("unknown", "RS256") })],
    ["is signed by another key of that name", async () => signed({ key: await signingKey("key-1", "RS256") })],
    [
      "has no signature",
      async () => {
        const [, payload] = (await signedText()).split(".");
        const header = Buffer.from(JSON.stringify({ alg: "none", typ: "token-introspection+jwt" })).toString(
          "base64url",
        );
        return { headers: [["content-type", SIGNED]], body: `${header}.${payload}.` };
      },
    ],
    [
      "is signed with the public key as a secret",
      async () => {
        const secret = new TextEncoder().encode(JSON.stringify(issuer.keys[0]!.jwk));
        const body = await new SignJWT({ iss: issuer.origin, aud: "gateway", iat: now(), token_introspection: ACTIVE })
          .setProtectedHeader({ alg: "HS256", kid: "key-1", typ: "token-introspection+jwt" })
          .sign(secret);
        return { headers: [["content-type", SIGNED]], body };
      },
    ],
    [
      "was changed",
      async () => {
        const [header, , signature] = (await signedText({ state: { active: false } })).split(".");
        const [, payload] = (await signedText()).split(".");
        return { headers: [["content-type", SIGNED]], body: `${header}.${payload}.${signature}` };
      },
    ],
  ])("lets nobody in by a reply that %s", async (_, reply) => {
    answer = reply;
    expect(await ask(service)).toBe("503 authorization_server_error");
    expect(upstream.requests).toHaveLength(0);
  });
});

describe("an endpoint whose path has another spelling in a URL", () => {
  it("is called with a signature, and its unsigned replies do not count", async () => {
    answer = () => signed({ claims: { aud: "gate way/1" } });
    expect(await ask("odd")).toBe("served");
    expect(formOf().has("client_assertion")).toBe(true);
    answer = () => json(ACTIVE);
    expect(await ask("odd")).toBe("503 authorization_server_error");
  });
});

describe("before a decision point", () => {
  it("the subject comes from a signed reply to a signed call, and the decision point sees neither", async () => {
    answer = () => {
      const { target } = server.requests.at(-1)!;
      return target.startsWith("/introspect") ? signed() : json({ result: true });
    };
    expect(await ask("subject")).toBe("served");
    expect(formOf().has("client_assertion")).toBe(true);
    const { input } = JSON.parse(server.requests[1]!.body.toString());
    expect(input.subject).toBe("ann");
    expect(server.requests[1]!.body.toString()).not.toContain("client_assertion");
    answer = () => json({ ...ACTIVE, result: true });
    expect(await ask("subject")).toBe("503 authorization_server_error");
  });
});
