import { createServer, type Server } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import type { Miniflare } from "miniflare";
import Provider from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listening, startGatewayAt, stopGatewayAt } from "./gateway-at-provider.ts";

/**
 * Runs the built gateway in workerd with a certified OpenID provider to which it proves itself by a signature (RFC 7523), and
 * which signs its introspection replies (RFC 9701) with keys that the gateway discovers.
 */

let server: Server;
let miniflare: Miniflare;
let issuer: string;
let isKnown = true;
/** What the provider answered to introspections. */
const replies: { status: number; type: string }[] = [];

beforeAll(async () => {
  server = createServer();
  issuer = await listening(server);
  const own = await generateKeyPair("ES256", { extractable: true });
  const signing = await generateKeyPair("RS256", { extractable: true });
  const grant = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(signing.privateKey)), kid: "provider-1", alg: "RS256", use: "sig" }] },
    clients: [
      {
        client_id: "gateway",
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        introspection_signed_response_alg: "RS256",
        jwks: { keys: [{ ...(await exportJWK(own.publicKey)), kid: "gateway-1", alg: "ES256", use: "sig" }] },
        ...grant,
      },
      { client_id: "shop", client_secret: "a secret of the tests", ...grant },
    ] as never,
    scopes: ["orders:read"],
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => isKnown },
      jwtIntrospection: { enabled: true },
      devInteractions: { enabled: false },
    },
  });
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (request.url === "/token/introspection") {
      response.on("finish", () =>
        replies.push({ status: response.statusCode, type: String(response.getHeader("content-type")) }),
      );
    }
    answer(request, response);
  });

  const key = JSON.stringify({ ...(await exportJWK(own.privateKey)), kid: "gateway-1", alg: "ES256" });
  miniflare = await startGatewayAt("test/e2e/signed-introspection-gateway.ts", issuer, { GATEWAY_KEY: key });
});

afterAll(() => stopGatewayAt(server, miniflare));

async function token(): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("shop:a+secret+of+the+tests")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "orders:read" }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

async function ask(credential: string) {
  const headers = { authorization: `Bearer ${credential}` };
  const response = await miniflare.dispatchFetch("http://gateway.test/orders/1", { headers });
  return { status: response.status, body: await response.text() };
}

describe("with an OpenID provider", () => {
  it("the gateway proves itself by a signature, and uses what the provider has signed", async () => {
    const { status, body } = await ask(await token());
    expect(replies.at(-1)).toEqual({ status: 200, type: "application/token-introspection+jwt; charset=utf-8" });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ "x-client": "shop", "x-scope": "orders:read" });
  });

  it("a token that the provider does not know gets 401", async () => {
    const { status, body } = await ask("made-up");
    expect([status, JSON.parse(body)]).toEqual([401, { error: "token_inactive" }]);
    expect(replies.at(-1)?.type).toContain("token-introspection+jwt");
  });

  it("a token whose state the gateway may not see gets 401", async () => {
    isKnown = false;
    expect((await ask(await token())).status).toBe(401);
    isKnown = true;
  });
});
