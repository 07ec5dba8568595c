import { CompactSign, type JWTHeaderParameters, type JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configurationsIn, fieldsOfService } from "../page-configurations.ts";
import type { ServiceWithoutFilter } from "./configuration.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json, type SigningKey, signingKey, TokenIssuer } from "./token-issuer.ts";
import { VARIANTS } from "./variants.ts";

/**
 * The recipes of docs/jwt.md, as the page shows them, with tokens as the providers document them. Only the issuer's host is
 * replaced, by one on this machine. Each provider also issues a token that must not get in: for another tenant, team, audience or
 * client, or an ID token where an access token is wanted.
 */

interface Case {
  readonly what: string;
  readonly claims: JWTPayload;
  readonly header?: Partial<JWTHeaderParameters>;
  readonly path?: string;
  /** 200 with what the upstream sees, or the reason of a refusal. */
  readonly expected: Readonly<Record<string, string | undefined>> | string;
}

interface Recipe {
  readonly heading: string;
  /** Of the issuer, in the page. */
  readonly host: string;
  /** Where the issuer has its documents, if that is not where OpenID Connect says. */
  readonly keysPath?: string;
  /** Members of its keys that the provider leaves out. */
  readonly withoutInKeys?: readonly string[];
  /** Claims of a good token. `iss` is the page's. */
  readonly claims: JWTPayload;
  readonly header?: Partial<JWTHeaderParameters>;
  readonly cases: readonly Case[];
}

const JWT_HEADER = { typ: "JWT" };

const ENTRA = {
  aud: "6e74172b-be56-4843-9ff4-e66a39bb12e3",
  azp: "75dbe77f-10a3-4e59-85fd-8c127544f17c",
  azpacr: "0",
  oid: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
  sub: "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
  tid: "8eaef023-2b34-4da1-9baa-8bc8c9d6a490",
  ver: "2.0",
};

const ACCESS = {
  aud: ["32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"],
  type: "app",
};

const RECIPES: readonly Recipe[] = [
  {
    heading: "Auth0",
    host: "https://example.eu.auth0.com",
    header: JWT_HEADER,
    claims: {
      sub: "auth0|123456",
      aud: ["https://orders.example.com", "https://example.eu.auth0.com/userinfo"],
      azp: "my_client_id",
      scope: "openid profile read:orders",
      permissions: ["read:orders"],
    },
    cases: [
      { what: "an access token", claims: {}, expected: { "x-user": "auth0|123456" } },
      { what: "one of the RFC 9068 profile", claims: {}, header: { typ: "at+jwt" }, expected: {} },
      { what: "one without a permission", claims: {}, path: "/orders/admin/1", expected: "insufficient_claims" },
      {
        what: "one with the permission",
        claims: { permissions: ["read:orders", "delete:orders"] },
        path: "/orders/admin/1",
        expected: {},
      },
      { what: "one without a scope", claims: { scope: "openid profile" }, expected: "insufficient_scope" },
      { what: "one of another tenant", claims: { iss: "https://other.eu.auth0.com/" }, expected: "token_unexpected" },
      { what: "an ID token", claims: { aud: "my_client_id" }, expected: "token_unexpected" },
      { what: "one for another API", claims: { aud: ["https://billing.example.com"] }, expected: "token_unexpected" },
    ],
  },
  {
    heading: "Amazon Cognito",
    host: "https://cognito-idp.eu-central-1.amazonaws.com",
    claims: {
      sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
      aud: undefined as never,
      client_id: "1example23456789",
      token_use: "access",
      scope: "openid orders/read",
      username: "my-test-user",
      "cognito:groups": ["buyers", "testers"],
    },
    cases: [
      {
        what: "an access token",
        claims: {},
        expected: { "x-user": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "x-groups": "buyers,testers" },
      },
      { what: "one without a scope", claims: {}, path: "/orders/admin/1", expected: "insufficient_scope" },
      { what: "one with the scope", claims: { scope: "orders/admin" }, path: "/orders/admin/1", expected: {} },
      { what: "one of another client", claims: { client_id: "another23456789" }, expected: "token_unexpected" },
      {
        what: "an ID token",
        claims: { client_id: undefined, token_use: "id", aud: "1example23456789" },
        expected: "token_unexpected",
      },
      { what: "an ID token that names a client", claims: { token_use: "id" }, expected: "insufficient_claims" },
      {
        what: "one of another pool",
        claims: { iss: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_OTHER" },
        expected: "token_unexpected",
      },
    ],
  },
  {
    heading: "Microsoft Entra ID",
    host: "https://login.microsoftonline.com",
    withoutInKeys: ["alg"],
    header: JWT_HEADER,
    claims: { ...ENTRA, scp: "Orders.Read Orders.List", roles: ["Buyer"] },
    cases: [
      { what: "a user's token", claims: {}, expected: { "x-user": ENTRA.oid, "x-roles": "Buyer" } },
      { what: "a user's token without the role", claims: {}, path: "/orders/jobs/1", expected: "insufficient_claims" },
      {
        what: "an application's token",
        claims: { scp: undefined, roles: ["Orders.Process"] },
        path: "/orders/jobs/1",
        expected: {},
      },
      { what: "an application's token elsewhere", claims: { scp: undefined }, expected: "insufficient_scope" },
      {
        what: "one for another API",
        claims: { aud: "00000003-0000-0000-c000-000000000000" },
        expected: "token_unexpected",
      },
      {
        what: "one of another tenant",
        claims: { iss: "https://login.microsoftonline.com/fa15d692-e9c7-4460-a743-29f2956fd429/v2.0" },
        expected: "token_unexpected",
      },
      {
        what: "one of version 1",
        claims: { iss: "https://sts.windows.net/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/", ver: "1.0" },
        expected: "token_unexpected",
      },
      { what: "an ID token", claims: { scp: undefined, roles: undefined }, expected: "insufficient_scope" },
    ],
  },
  {
    heading: "Keycloak",
    host: "https://login.example.com",
    header: JWT_HEADER,
    claims: {
      sub: "f:1:ann",
      aud: ["orders-api", "account"],
      azp: "shop-web",
      typ: "Bearer",
      realm_access: { roles: ["offline_access", "orders-admin"] },
      scope: "openid email profile",
    },
    cases: [
      {
        what: "an access token",
        claims: {},
        path: "/orders/admin/1",
        expected: { "x-user": "f:1:ann", "x-roles": "offline_access,orders-admin" },
      },
      { what: "one with its audience as a text", claims: { aud: "orders-api" }, expected: {} },
      {
        what: "one without the role",
        claims: { realm_access: { roles: ["offline_access"] } },
        path: "/orders/admin/1",
        expected: "insufficient_claims",
      },
      { what: "one without the mapper", claims: { aud: "account" }, expected: "token_unexpected" },
      { what: "one without any audience", claims: { aud: undefined as never }, expected: "token_unexpected" },
      { what: "an ID token", claims: { aud: "shop-web", typ: "ID" }, expected: "token_unexpected" },
      { what: "one of another client", claims: { azp: "shop-mobile" }, expected: "token_unexpected" },
      {
        what: "one of another realm",
        claims: { iss: "https://login.example.com/realms/staff" },
        expected: "token_unexpected",
      },
    ],
  },
  {
    heading: "Google",
    host: "https://accounts.google.com",
    header: JWT_HEADER,
    claims: {
      sub: "10769150350006150715113082367",
      azp: "1234987819200.apps.googleusercontent.com",
      aud: "1234987819200.apps.googleusercontent.com",
      hd: "example.com",
      email: "jsmith@example.com",
      email_verified: true,
      nonce: "0394852-3190485-2490358",
    },
    cases: [
      {
        what: "an ID token",
        claims: {},
        expected: { "x-user": "10769150350006150715113082367", "x-email": "jsmith@example.com" },
      },
      {
        what: "one for another application",
        claims: { aud: "5678.apps.googleusercontent.com" },
        expected: "token_unexpected",
      },
      { what: "one of another organization", claims: { hd: "example.org" }, expected: "insufficient_claims" },
      { what: "one of no organization", claims: { hd: undefined }, expected: "insufficient_claims" },
      { what: "one whose address is not verified", claims: { email_verified: false }, expected: "insufficient_claims" },
      { what: "one of the old issuer", claims: { iss: "accounts.google.com" }, expected: "token_unexpected" },
    ],
  },
  {
    heading: "Cloudflare Access",
    host: "https://example.cloudflareaccess.com",
    keysPath: "/cdn-cgi/access/certs",
    header: JWT_HEADER,
    claims: {
      ...ACCESS,
      sub: "7335d417-61da-459d-899c-0a01c76a2f94",
      email: "user@example.com",
      identity_nonce: "6ei69kawdKzMIAPF",
      country: "US",
    },
    cases: [
      {
        what: "a person's token",
        claims: {},
        expected: { "x-user": "user@example.com", "x-service-token": undefined },
      },
      {
        what: "a service token's",
        claims: { sub: "", email: undefined, common_name: "e367826f93b8d71185e03fe518aff3b4.access" },
        expected: { "x-user": undefined, "x-service-token": "e367826f93b8d71185e03fe518aff3b4.access" },
      },
      { what: "one for another application", claims: { aud: ["4714c1358e65fe4b"] }, expected: "token_unexpected" },
      {
        what: "one of another team",
        claims: { iss: "https://other.cloudflareaccess.com" },
        expected: "token_unexpected",
      },
    ],
  },
  {
    heading: "oidc-provider",
    host: "https://login.example.com",
    header: { typ: "at+jwt" },
    claims: {
      sub: "shop",
      client_id: "shop",
      aud: "https://orders.example.com",
      jti: "Sgp0kRRG5FQS",
      scope: "orders:read orders:admin",
    },
    cases: [
      {
        what: "an access token",
        claims: {},
        path: "/orders/admin/1",
        expected: { "x-user": "shop", "x-client": "shop" },
      },
      {
        what: "one without a scope",
        claims: { scope: "orders:read" },
        path: "/orders/admin/1",
        expected: "insufficient_scope",
      },
      {
        what: "one for another resource",
        claims: { aud: "https://billing.example.com" },
        expected: "token_unexpected",
      },
      { what: "an ID token for the same", claims: {}, header: JWT_HEADER, expected: "token_unexpected" },
    ],
  },
];

const shown = configurationsIn("docs/jwt.md");
const texts = new Map(shown.map(({ heading, text }) => [heading, text]));
const hostOf = ({ heading }: Recipe) => `${heading.toLowerCase().replaceAll(" ", "-")}.test`;

/** The `iss` of good tokens, as the page has it. */
function issuerIn(text: string): string {
  return /issuer: "([^"]+)"/.exec(text)![1]!;
}

/** The page's parts of services that verify before another protocol decides. */
const VERIFY_FIRST = shown.filter(({ heading }) => heading === "Before another protocol");

it("every recipe of the page is tried", () => {
  const page = [...texts.keys()];
  const recipes = page.slice(page.indexOf("Auth0"));
  expect(RECIPES.map(({ heading }) => heading)).toEqual(recipes);
});

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let gateway: SecurityGateway;
  let server: RawServer;
  let firstIssuer: TokenIssuer;
  const issuers = new Map<Recipe, TokenIssuer>();

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    server = await RawServer.start(({ target }) =>
      json(target.startsWith("/v1/") ? { result: true } : { active: false }),
    );
    firstIssuer = await TokenIssuer.start();
    const services: [string, ServiceWithoutFilter][] = [];
    for (const recipe of RECIPES) {
      const issuer = await TokenIssuer.start();
      issuers.set(recipe, issuer);
      const text = texts.get(recipe.heading)!.replaceAll(recipe.host, issuer.origin);
      publish(issuer, recipe, issuerIn(text));
      const service = {
        ...fieldsOfService(text),
        route: { hosts: [hostOf(recipe)], prefix: "/orders" },
        upstream: { url: upstream.origin },
      };
      services.push([recipe.heading.toLowerCase().replaceAll(" ", "-"), service as unknown as ServiceWithoutFilter]);
    }
    for (const { text } of VERIFY_FIRST) {
      const local = text
        .replace('issuer: "https://login.example.com"', `issuer: "${firstIssuer.origin}"`)
        .replace(/url: "[^"]+"/, `url: "${server.origin}"`);
      const fields = fieldsOfService(local) as unknown as ServiceWithoutFilter;
      const { protocol } = fields.authorization;
      services.push([
        protocol,
        {
          ...fields,
          route: { hosts: [`${protocol}.test`] },
          upstream: { url: upstream.origin },
        } as ServiceWithoutFilter,
      ]);
    }
    const text = { INTROSPECTION_SECRET: "a secret" };
    gateway = await startGateway({ services: Object.fromEntries(services) }, { variant, text });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream, server, firstIssuer, ...issuers.values()].map((each) => each?.stop()));
  });

  /** Publishes keys and metadata where the provider does. */
  function publish(issuer: TokenIssuer, { keysPath = "/keys", withoutInKeys = [] }: Recipe, iss: string): void {
    const metadataPath = `${new URL(iss).pathname.replace(/\/$/, "")}/.well-known/openid-configuration`;
    issuer.answer = ({ target }) => {
      if (target === keysPath) {
        const keys = issuer.keys.map(({ jwk }) =>
          Object.entries(jwk).filter(([name]) => !withoutInKeys.includes(name)),
        );
        return json({ keys: keys.map((members) => Object.fromEntries(members)) });
      }
      if (target === metadataPath) return json({ issuer: iss, jwks_uri: `${issuer.origin}${keysPath}` });
      return { status: 404 };
    };
  }

  async function tokenOf(recipe: Recipe, claims: JWTPayload, header = recipe.header, key?: SigningKey) {
    const issuer = issuers.get(recipe)!;
    const good = { iss: issuerIn(texts.get(recipe.heading)!), ...recipe.claims };
    const { iss, ...others } = { ...good, ...claims };
    return issuer.token({ ...others, iss: iss!.replace(recipe.host, issuer.origin) }, header, key);
  }

  async function ask(recipe: Recipe, path: string, headers: string[]) {
    const before = upstream.requests.length;
    const all = [`Host: ${hostOf(recipe)}`, "X-User: forged", ...headers];
    const response = await gateway.send({ target: path, headers: all });
    return { status: response.status, body: response.body, seen: upstream.requests.slice(before) };
  }

  describe.each(RECIPES)("the recipe for $heading", (recipe) => {
    const headerOf = (token: string) =>
      recipe.heading === "Cloudflare Access" ? `Cf-Access-Jwt-Assertion: ${token}` : `Authorization: Bearer ${token}`;

    it.each(recipe.cases)("decides rightly on $what", async ({ claims, header, path = "/orders/1", expected }) => {
      const token = await tokenOf(recipe, claims, header);
      // Verified, and then from what is kept.
      for (let n = 0; n < 2; n += 1) {
        const { status, body, seen } = await ask(recipe, path, [headerOf(token)]);
        if (typeof expected === "string") {
          const refused = expected.startsWith("insufficient") ? 403 : 401;
          expect({ status, body, seen }).toEqual({
            status: refused,
            body: JSON.stringify({ error: expected }),
            seen: [],
          });
        } else {
          expect({ status, requests: seen.length }).toEqual({ status: 200, requests: 1 });
          for (const [name, value] of Object.entries(expected)) {
            expect(linesOf(seen[0]!, name), name).toEqual(value === undefined ? [] : [value]);
          }
        }
      }
    });

    it("refuses an opaque token, and one that another key has signed", async () => {
      expect(await ask(recipe, "/orders/1", [headerOf("ya29.opaque")])).toMatchObject({ status: 401, seen: [] });
      const foreign = await tokenOf(recipe, {}, recipe.header, await signingKey("key-1", "RS256"));
      expect(await ask(recipe, "/orders/1", [headerOf(foreign)])).toMatchObject({
        status: 401,
        body: '{"error":"token_invalid"}',
        seen: [],
      });
    });
  });

  describe("verified before another protocol", () => {
    const askFirst = async (protocol: string, token: string) => {
      const before = server.requests.length;
      const headers = [`Host: ${protocol}.test`, `Authorization: Bearer ${token}`];
      const { status, body } = await gateway.send({ target: "/orders/1", headers });
      return { status, body, asked: server.requests.slice(before) };
    };

    it("only valid tokens reach the server", async () => {
      expect(VERIFY_FIRST).toHaveLength(2);
      for (const protocol of ["introspection", "opa"]) {
        const other = await firstIssuer.token({ aud: "billing-api" });
        expect(await askFirst(protocol, "opaque")).toMatchObject({ status: 401, asked: [] });
        expect(await askFirst(protocol, other)).toMatchObject({ status: 401, asked: [] });
      }
      const revoked = await askFirst("introspection", await firstIssuer.token());
      expect(revoked).toMatchObject({ status: 401, body: '{"error":"token_inactive"}' });
      expect(revoked.asked).toHaveLength(1);
    });

    it("a decision point is asked about the subject, and a purge of the subject forgets the decision", async () => {
      const first = await askFirst("opa", await firstIssuer.token());
      expect(first.status).toBe(200);
      expect(JSON.parse(first.asked[0]!.body.toString()).input).toMatchObject({
        subject: "ann",
        headers: { "x-ebb-token-issuer": firstIssuer.origin },
      });
      const token = await firstIssuer.token({ jti: "another" });
      expect(await askFirst("opa", token)).toMatchObject({ status: 200, asked: [] });
      const purge = (credential: string) =>
        fetch(`http://127.0.0.1:${gateway.port}/stats/purge`, {
          method: "POST",
          body: JSON.stringify({ service: "opa", credential }),
        });
      expect(await (await purge("ann")).json()).toMatchObject({
        services: { opa: { purged: 1, verifiedForMs: 60_000 } },
      });
      expect((await askFirst("opa", token)).asked).toHaveLength(1);
    });
  });

  it("of two members with one name the last one counts", async () => {
    const [key] = firstIssuer.keys;
    const times = `"exp":${Math.floor(Date.now() / 1_000) + 60}`;
    const payload = `{"iss":"x","iss":"${firstIssuer.origin}","aud":"x","aud":"orders-api","sub":"root","sub":"zoe",${times}}`;
    const token = await new CompactSign(new TextEncoder().encode(payload))
      .setProtectedHeader({ alg: "RS256", kid: "key-1" })
      .sign(key!.privateKey);
    const before = server.requests.length;
    const headers = ["Host: opa.test", `Authorization: Bearer ${token}`];
    expect((await gateway.send({ target: "/orders/1", headers })).status).toBe(200);
    expect(JSON.parse(server.requests[before]!.body.toString()).input).toMatchObject({ subject: "zoe" });
  });

  it("a browser's cookie of Cloudflare Access is a credential too, and beside the header it goes no further", async () => {
    const recipe = RECIPES.find(({ heading }) => heading === "Cloudflare Access")!;
    const token = await tokenOf(recipe, {});
    const alone = await ask(recipe, "/orders/1", [`Cookie: a=1; CF_Authorization=${token}`]);
    expect({ status: alone.status, user: linesOf(alone.seen[0]!, "x-user") }).toEqual({
      status: 200,
      user: ["user@example.com"],
    });
    const both = await ask(recipe, "/orders/1", [
      `Cf-Access-Jwt-Assertion: ${token}`,
      "Cookie: a=1; CF_Authorization=x",
    ]);
    expect(linesOf(both.seen[0]!, "cookie")).toEqual(["a=1"]);
    expect(await ask(recipe, "/orders/1", [`Authorization: Bearer ${token}`])).toMatchObject({ status: 401, seen: [] });
  });
});
