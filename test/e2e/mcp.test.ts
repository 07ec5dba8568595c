import { createServer, type Server } from "node:http";
import { decodeJwt, exportJWK, generateKeyPair } from "jose";
import type { Miniflare } from "miniflare";
import * as oauth from "oauth4webapi";
import Provider from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CookieJar } from "./cookie-jar.ts";
import { listening, startGatewayAt, stopGatewayAt } from "./gateway-at-provider.ts";

/**
 * A client of MCP knows the server's address and nothing else. It finds out the rest as MCP's specification says: challenge, metadata
 * of the resource (RFC 9728), metadata of the authorization server, registration, a code with PKCE for this resource (RFC 8707), a
 * token, and more scopes when a request needs them. Provider and client library are real.
 */

const MCP = new URL("https://mcp.example.com/mcp");
const ADMIN = new URL("https://mcp.example.com/mcp/admin");
const CALLBACK = "http://127.0.0.1/callback";

let server: Server;
let miniflare: Miniflare;
let issuer: string;

beforeAll(async () => {
  server = createServer((request, response) => provider(request, response));
  issuer = await listening(server);
  const provider = await providerOf(issuer);
  miniflare = await startGatewayAt("test/e2e/mcp-gateway.ts", issuer);
});

afterAll(() => stopGatewayAt(server, miniflare));

async function providerOf(name: string): Promise<ReturnType<Provider["callback"]>> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return new Provider(name, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "first", alg: "RS256", use: "sig" }] },
    cookies: { keys: ["a key of the tests"] },
    scopes: ["mcp:read", "mcp:admin"],
    pkce: { required: () => true },
    ttl: { AccessToken: 3_600, Grant: 3_600, Interaction: 3_600, Session: 3_600 },
    features: {
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          audience: resource,
          scope: "mcp:read mcp:admin",
          accessTokenFormat: "jwt",
        }),
      },
    },
  }).callback();
}

/** The provider is on this machine, the gateway under its public name. */
const INSECURE = { [oauth.allowInsecureRequests]: true } as const;
const THROUGH_GATEWAY = {
  [oauth.customFetch]: (url: string, init: object) => miniflare.dispatchFetch(url, init as never) as never,
};

/** A request of MCP. Its challenge, if it is refused. */
async function call(url: URL, token: string) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const headers = new Headers({ "content-type": "application/json", accept: "application/json, text/event-stream" });
  try {
    const response = await oauth.protectedResourceRequest(token, "POST", url, headers, body, THROUGH_GATEWAY);
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  } catch (error) {
    if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
    return { status: error.status, challenge: error.cause[0] };
  }
}

/** What a client without a token is told. */
async function challengeOf(url: URL) {
  const response = await miniflare.dispatchFetch(url, { method: "POST", body: "{}" });
  const challenge = response.headers.get("www-authenticate") ?? "";
  const parameter = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? "";
  return { status: response.status, metadata: parameter("resource_metadata"), scope: parameter("scope") };
}

async function discover(metadataUrl: string) {
  const metadata = (await miniflare.dispatchFetch(metadataUrl)) as unknown as Response;
  // Throws unless the metadata are those of exactly this resource.
  const resource = await oauth.processResourceDiscoveryResponse(MCP, metadata);
  const [first = ""] = resource.authorization_servers ?? [];
  const found = await oauth.discoveryRequest(new URL(first), { algorithm: "oidc", ...INSECURE });
  return { resource, as: await oauth.processDiscoveryResponse(new URL(first), found) };
}

async function register(as: oauth.AuthorizationServer): Promise<oauth.Client> {
  const metadata = {
    application_type: "native",
    redirect_uris: [CALLBACK],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
  const response = await oauth.dynamicClientRegistrationRequest(as, metadata, INSECURE);
  return oauth.processDynamicClientRegistrationResponse(response);
}

/** Ann signs in, and allows what the client asks for. */
async function tokenFor(as: oauth.AuthorizationServer, client: oauth.Client, resource: string, scope: string) {
  const verifier = oauth.generateRandomCodeVerifier();
  const question = new URL(as.authorization_endpoint!);
  question.search = new URLSearchParams({
    client_id: client.client_id,
    response_type: "code",
    redirect_uri: CALLBACK,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    scope,
    resource,
  }).toString();
  const callback = await signedIn(question);
  const parameters = oauth.validateAuthResponse(as, client, callback, oauth.expectNoState);
  const options = { additionalParameters: { resource }, ...INSECURE };
  const response = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    oauth.None(),
    parameters,
    CALLBACK,
    verifier,
    options,
  );
  return (await oauth.processAuthorizationCodeResponse(as, client, response)).access_token;
}

async function signedIn(question: URL): Promise<URL> {
  const browser = new CookieJar();
  let location = question;
  for (let step = 0; step < 12 && !location.href.startsWith(CALLBACK); step += 1) {
    let response = await browser.fetch(location);
    const prompt = response.status === 200 ? /name="prompt" value="(\w+)"/.exec(await response.text())?.[1] : undefined;
    if (prompt !== undefined) {
      const body = new URLSearchParams({ prompt, login: "ann", password: "any" });
      response = await browser.fetch(location, { method: "POST", body });
    }
    const next = response.headers.get("location");
    if (next === null) throw new Error(`${location} answers ${response.status} and leads nowhere`);
    location = new URL(next, location);
  }
  return location;
}

describe("a client of MCP that knows only the server's address", () => {
  it("is led from the refusal to a token that passes, and to more scopes when it needs them", async () => {
    const refused = await challengeOf(MCP);
    expect(refused).toEqual({
      status: 401,
      metadata: "https://mcp.example.com/.well-known/oauth-protected-resource/mcp",
      scope: "mcp:read",
    });
    const { resource, as } = await discover(refused.metadata);
    expect(resource).toMatchObject({
      authorization_servers: [issuer],
      scopes_supported: ["mcp:read"],
      resource_name: "Orders for agents",
    });
    const client = await register(as);

    const token = await tokenFor(as, client, resource.resource, refused.scope);
    expect(decodeJwt(token)).toMatchObject({ aud: MCP.href, scope: "mcp:read" });
    expect(await call(MCP, token)).toMatchObject({ status: 200, body: { "x-user": "ann" } });

    const lacking = await call(ADMIN, token);
    expect(lacking).toMatchObject({
      status: 403,
      challenge: {
        scheme: "bearer",
        parameters: {
          error: "insufficient_scope",
          scope: "mcp:read mcp:admin",
          resource_metadata: refused.metadata,
        },
      },
    });
    const wanted = lacking.challenge?.parameters.scope ?? "";
    expect(await call(ADMIN, await tokenFor(as, client, resource.resource, wanted))).toMatchObject({ status: 200 });
  });

  it("is refused with a token for another resource, and led to one for this", async () => {
    const { metadata } = await challengeOf(MCP);
    const { as } = await discover(metadata);
    const client = await register(as);
    const other = await tokenFor(as, client, "https://other.example.com/mcp", "mcp:read");
    expect(await call(MCP, other)).toMatchObject({
      status: 401,
      challenge: { parameters: { error: "invalid_token", resource_metadata: metadata, scope: "mcp:read" } },
    });
  });

  it("finds the metadata without a challenge too, where the specification looks for them", async () => {
    const response = await oauth.resourceDiscoveryRequest(MCP, THROUGH_GATEWAY);
    expect(await oauth.processResourceDiscoveryResponse(MCP, response)).toMatchObject({ resource: MCP.href });
  });
});
