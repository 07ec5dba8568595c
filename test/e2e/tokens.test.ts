import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { decodeJwt, exportJWK, generateKeyPair, type JWK } from "jose";
import type { Miniflare } from "miniflare";
import Provider from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listening, startGatewayAt, stopGatewayAt } from "./gateway-at-provider.ts";

/**
 * Runs the built gateway in workerd with a certified OpenID provider that issues JWT access tokens (resource indicators). The
 * gateway finds the provider's keys by discovery.
 */

const SECRET = "a secret of the tests";
const RESOURCE = "https://orders.example.com";

let server: Server;
let miniflare: Miniflare;
let issuer: string;
let provider: ReturnType<Provider["callback"]>;
/** Paths of the requests to the provider. */
const requests: string[] = [];
/** IDs of revoked tokens. */
const revoked = new Set<string>();

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    if (request.url === "/revocations/introspection") void introspect(request, response);
    else provider(request, response);
  });
  issuer = await listening(server);
  provider = await providerWith([await signingJwk("first")]);

  miniflare = await startGatewayAt("test/e2e/token-gateway.ts", issuer, { INTROSPECTION_SECRET: SECRET });
});

afterAll(() => stopGatewayAt(server, miniflare));

/** A provider of the same issuer with these keys, the first of which signs. */
async function providerWith(keys: JWK[]): Promise<ReturnType<Provider["callback"]>> {
  const client = { client_secret: SECRET, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
  return new Provider(issuer, {
    jwks: { keys },
    clients: [
      { client_id: "gateway", ...client },
      { client_id: "shop", ...client },
    ],
    scopes: ["orders:read", "orders:admin"],
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          audience: resource,
          scope: "orders:read orders:admin",
          accessTokenFormat: resource === "https://opaque.example.com" ? "opaque" : "jwt",
        }),
      },
    },
    ttl: { ClientCredentials: 3_600 },
  }).callback();
}

async function signingJwk(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };
}

/**
 * The provider introspects no JWTs, as many servers do not. This endpoint beside it knows which of them are revoked. It does not
 * verify them: only verified tokens reach it.
 */
async function introspect(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await request.toArray()).join("");
  const claims = decodeJwt(new URLSearchParams(body).get("token") ?? "");
  const reply = revoked.has(String(claims.jti)) ? { active: false } : { active: true, ...claims };
  response.setHeader("content-type", "application/json").end(JSON.stringify(reply));
}

async function tokenFor(resource: string, scope = "orders:read"): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`shop:${encodeURIComponent(SECRET)}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope, resource }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  expect(access_token, "the provider issues a token").toMatch(/./);
  return access_token;
}

async function ask(path: string, token: string) {
  const url = `http://gateway.test${path}`;
  const response = await miniflare.dispatchFetch(url, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as Record<string, string>;
  return { status: response.status, error: body.error, user: body["x-user"], client: body["x-client"] };
}

const asked = (path: string) => requests.filter((request) => request === path).length;

describe("JWT access tokens of an OpenID provider", () => {
  it("pass, name the client to the upstream, and are verified with keys that are fetched once", async () => {
    const good = { status: 200, user: "shop", client: "shop" };
    expect(await ask("/orders/1", await tokenFor(RESOURCE))).toMatchObject(good);
    expect(await ask("/orders/2", await tokenFor(RESOURCE))).toMatchObject(good);
    expect([asked("/.well-known/openid-configuration"), asked("/jwks")]).toEqual([1, 1]);
  });

  it("pass only where they have the route's scopes", async () => {
    const token = await tokenFor(RESOURCE);
    expect(await ask("/orders/admin/1", token)).toMatchObject({ status: 403, error: "insufficient_scope" });
    const admin = await tokenFor(RESOURCE, "orders:read orders:admin");
    expect(await ask("/orders/admin/1", admin)).toMatchObject({ status: 200 });
  });

  it("for another resource do not pass", async () => {
    const token = await tokenFor("https://billing.example.com");
    expect(await ask("/orders/1", token)).toMatchObject({ status: 401, error: "token_unexpected" });
  });

  it("with the payload of another one do not pass", async () => {
    const [mine, other] = await Promise.all([tokenFor(RESOURCE), tokenFor(RESOURCE, "orders:read orders:admin")]);
    const [head, , signature] = mine.split(".");
    const forged = `${head}.${other.split(".")[1]}.${signature}`;
    expect(await ask("/orders/1", forged)).toMatchObject({ status: 401, error: "token_invalid" });
  });

  it("that are opaque do not pass, and no server is asked about them", async () => {
    const token = await tokenFor("https://opaque.example.com");
    const before = requests.length;
    for (const path of ["/orders/1", "/revocable/1", "/introspected/1"]) {
      expect(await ask(path, token)).toMatchObject({ status: 401, error: "malformed_credential" });
    }
    expect(requests.length).toBe(before);
  });
});

describe("introspection after verification", () => {
  it("refuses a token that was revoked, at the latest when the cached decision expires", async () => {
    const token = await tokenFor(RESOURCE);
    expect(await ask("/revocable/1", token)).toMatchObject({ status: 200, client: "shop" });
    revoked.add(decodeJwt(token).jti!);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await ask("/revocable/1", token)).toMatchObject({ status: 401, error: "token_inactive" });
    // Without introspection nothing revokes it.
    expect(await ask("/orders/1", token)).toMatchObject({ status: 200 });
  });

  it("does not ask about tokens for others", async () => {
    const token = await tokenFor("https://billing.example.com");
    const before = asked("/revocations/introspection");
    expect(await ask("/revocable/1", token)).toMatchObject({ status: 401, error: "token_unexpected" });
    expect(asked("/revocations/introspection")).toBe(before);
  });

  it("decides nothing if the server introspects no JWTs", async () => {
    const answer = await ask("/introspected/1", await tokenFor(RESOURCE));
    expect(answer).toMatchObject({ status: 503, error: "authorization_server_error" });
    expect(asked("/token/introspection")).toBeGreaterThan(0);
  });
});

describe("a provider that changes its keys", () => {
  it("is followed at once, and what the old key signed is no longer valid", async () => {
    const old = await tokenFor(RESOURCE);
    expect(await ask("/orders/1", old)).toMatchObject({ status: 200 });
    provider = await providerWith([await signingJwk("second")]);
    expect(await ask("/orders/1", old)).toMatchObject({ status: 200 });
    const before = asked("/jwks");
    expect(await ask("/orders/1", await tokenFor(RESOURCE))).toMatchObject({ status: 200, user: "shop" });
    expect(asked("/jwks")).toBe(before + 1);
    expect(await ask("/orders/1", old)).toMatchObject({ status: 401, error: "token_invalid" });
  });
});
