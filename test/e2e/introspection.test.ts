import { createServer, type Server } from "node:http";
import type { Miniflare } from "miniflare";
import Provider from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listening, startGatewayAt, stopGatewayAt } from "./gateway-at-provider.ts";

/**
 * Runs the built gateway in workerd with a certified OpenID provider that issues and revokes tokens. So the gateway is
 * tested against an independent implementation of the protocol, not against our understanding of it.
 */

let server: Server;
let miniflare: Miniflare;
let issuer: string;
let introspections = 0;

beforeAll(async () => {
  server = createServer();
  issuer = await listening(server);
  const secrets = { client_secret: "s3cret / with: odd & characters", grant_types: ["client_credentials"] };
  const provider = new Provider(issuer, {
    clients: [
      { client_id: "gateway", ...secrets, redirect_uris: [], response_types: [] },
      { client_id: "shop", ...secrets, redirect_uris: [], response_types: [] },
    ],
    scopes: ["orders:read", "orders:admin"],
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      devInteractions: { enabled: false },
    },
    ttl: { ClientCredentials: 3_600 },
  });
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (request.url === "/token/introspection") introspections += 1;
    answer(request, response);
  });

  miniflare = await startGatewayAt("test/e2e/gateway.ts", issuer, {
    INTROSPECTION_SECRET: secrets.client_secret,
    WRONG_SECRET: "wrong",
  });
});

afterAll(() => stopGatewayAt(server, miniflare));

function asShop(path: string, fields: Record<string, string>): Promise<Response> {
  return fetch(issuer + path, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`shop:${encodeURIComponent("s3cret / with: odd & characters")}`)}` },
    body: new URLSearchParams(fields),
  });
}

async function tokenWith(scope: string): Promise<string> {
  const response = await asShop("/token", { grant_type: "client_credentials", scope });
  const { access_token } = (await response.json()) as { access_token: string };
  expect(access_token, "the provider issues a token").toMatch(/./);
  return access_token;
}

async function ask(path: string, token: string) {
  const url = `http://gateway.test${path}`;
  const response = await miniflare.dispatchFetch(url, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

describe("tokens of an OpenID provider", () => {
  it("pass as long as they are active, and name the client to the upstream", async () => {
    const { status, body } = await ask("/orders/1", await tokenWith("orders:read"));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ "x-client": "shop", "x-scope": "orders:read" });
  });

  it("pass only where they were issued to an expected client, by the expected issuer", async () => {
    const token = await tokenWith("orders:read");
    expect((await ask("/shops/1", token)).status).toBe(200);
    const { status, headers } = await ask("/kiosks/1", token);
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toContain('error="invalid_token"');
  });

  it("pass a second time without asking the provider", async () => {
    const token = await tokenWith("orders:read");
    await ask("/orders/1", token);
    const before = introspections;
    expect((await ask("/orders/2", token)).status).toBe(200);
    expect(introspections).toBe(before);
  });

  it("are checked each time if the service obeys the provider's no-store", async () => {
    const token = await tokenWith("orders:read");
    const before = introspections;
    await ask("/obedient/1", token);
    await ask("/obedient/1", token);
    expect(introspections).toBe(before + 2);
  });

  it("that were never issued get 401 with RFC 6750's error", async () => {
    const { status, headers } = await ask("/orders/1", "made-up");
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toMatch(/^Bearer .*error="invalid_token"/);
  });

  it("without a route's scope get 403, even if they are cached for another route", async () => {
    const token = await tokenWith("orders:read");
    expect((await ask("/orders/1", token)).status).toBe(200);
    const { status, headers } = await ask("/orders/admin/1", token);
    expect(status).toBe(403);
    expect(headers.get("www-authenticate")).toContain('error="insufficient_scope"');
  });

  it("with a route's scope pass on that route", async () => {
    expect((await ask("/orders/admin/1", await tokenWith("orders:read orders:admin"))).status).toBe(200);
  });

  it("stop passing after a revocation, at the latest when the cached decision expires", async () => {
    const token = await tokenWith("orders:read");
    expect((await ask("/orders/1", token)).status).toBe(200);
    expect((await asShop("/token/revocation", { token })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    expect((await ask("/orders/1", token)).status).toBe(401);
  });
});

describe("a gateway whose client secret the provider does not accept", () => {
  it("answers 503 with an error", async () => {
    const { status, body } = await ask("/misconfigured", await tokenWith("orders:read"));
    expect(status).toBe(503);
    expect(JSON.parse(body)).toHaveProperty("error");
  });

  it("answers 503 if the secret is not set", async () => {
    const { status, body } = await ask("/without-secret", await tokenWith("orders:read"));
    expect([status, JSON.parse(body)]).toEqual([503, { error: "secret_missing" }]);
  });
});
