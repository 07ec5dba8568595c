/** The whole command: files of tests against the real gateway in workerd, for each protocol. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildExamples, exampleFile } from "./build-examples.ts";
import { builtInFilterFile } from "./built-in-filter.ts";
import { runPolicyTests } from "./policy-test.ts";

const CONFIG_MODULE = join(import.meta.dirname, "../config/index.ts");
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ebb-policy-"));
  await buildExamples();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command on a configuration with these services and on tests for it. */
async function run(services: string, policy: string, ...args: string[]) {
  count += 1;
  const name = `gateway-${count}.config.ts`;
  const file = join(folder, `gateway-${count}.test.yaml`);
  await writeFile(
    join(folder, name),
    `import { defineGateway, secret, variable } from ${JSON.stringify(CONFIG_MODULE)};
import filter from ${JSON.stringify(builtInFilterFile)};
import ownFilter from ${JSON.stringify(exampleFile("http-call-and-continue"))};
${services.includes("handler: app }") ? 'import { app } from "./app.ts";' : ""}
export default defineGateway({ services: { ${services} } });`,
  );
  await writeFile(file, `gateway: ${name}\n${policy}`);
  const result = await runPolicyTests([file, ...args]);
  return { ...result, text: (result.report ?? result.complaint ?? "").replaceAll(`${folder}/`, "") };
}

/** A service whose server is asked by this protocol. */
function orders(authorization: string, others = ""): string {
  return `orders: {
    route: { prefix: "/orders" },
    upstream: { url: "https://orders.example/api" },
    filter,
    clusters: { auth: { url: "https://auth.example:8443" } },
    authorization: { cluster: "auth", ${authorization} },
    ${others}
  },`;
}

const INTROSPECTION = orders(
  `protocol: "introspection", path: "/introspect", expect: { audience: "orders-api", issuer: "https://auth.example" },
   clientAuthentication: { type: "basic", id: "gateway", secret: secret("INTROSPECTION_SECRET") },
   upstreamClaims: { sub: "x-user", "org.tenant": "x-tenant" }`,
  `rules: [
     { path: "/orders/health", methods: ["GET"], public: true },
     { path: "/orders/admin/*", scopes: ["orders:admin"] },
     { path: "/orders/list", scopes: { anyOf: ["orders:read", "orders:admin"] } },
     { path: "/orders/eu/*", claims: { "org.tenant": { in: ["acme"] } } },
     { path: "/orders/:id", scopes: ["orders:write"] },
   ],
   unmatched: "deny",
   cache: { persist: true },`,
);

const INTROSPECTION_TESTS = `
users:
  ann: { scopes: [orders:read, orders:write, orders:admin], claims: { org: { tenant: acme } } }
  bob: { scopes: [orders:read], claims: { org: { tenant: globex } } }
  mallory: { claims: { aud: another-api } }
  eve: refused
tests:
  - GET /orders/health -> allow (public)
  - GET /orders/admin/users as ann -> allow
  - GET /orders/admin/users as bob -> 403 insufficient_scope
  - GET /orders/list as bob → allow
  - GET /orders/eu/1 as bob -> 403 insufficient_claims
  - POST /orders/1 as ann -> allow
  - POST /orders/1 as eve -> 401 token_inactive
  - POST /orders/1 as mallory -> 401 token_unexpected
  - POST /orders/1 -> 401
  - DELETE /orders/1/2 as ann -> 403 no_rule
  - request: GET /orders/eu/1?page=2
    as: ann
    headers: { x-user: root }
    expect: { decision: allow, upstream: { x-user: ann, x-tenant: acme } }
`;

describe("introspection", () => {
  it("gives each user a token with scopes and claims, and one for another audience where the claims say so", async () => {
    expect(await run(INTROSPECTION, INTROSPECTION_TESTS)).toMatchObject({
      text: "11 passed, 0 failed",
      exitCode: 0,
      ok: true,
    });
  });

  it("shows what was expected and what happened when a rule has changed", async () => {
    const loosened = INTROSPECTION.replace(
      'path: "/orders/admin/*", scopes: ["orders:admin"]',
      'path: "/orders/admin/*"',
    );
    const { text, exitCode, ok } = await run(loosened, INTROSPECTION_TESTS);
    expect({ exitCode, ok }).toEqual({ exitCode: 1, ok: false });
    expect(text.replace(/gateway-\d+/, "gateway").replace(/bob-\w+/, "bob-…")).toMatchInlineSnapshot(`
      "FAILED gateway.test.yaml:11: GET /orders/admin/users as bob
        - 403 insufficient_scope
        + allow
          service  orders, host gateway.example
          rule     rules[1] /orders/admin/*
          asked    auth: token of bob -> active, {"aud":"orders-api","iss":"https://auth.example","sub":"bob","scope":"orders:read","org":{"tenant":"globex"}}
          upstream GET https://orders.example/api/orders/admin/users
                   authorization: Bearer bob-…
                   cache-control: no-cache
                   pragma: no-cache
                   cf-connecting-ip: 192.0.2.1
                   x-forwarded-for: 192.0.2.1
                   x-forwarded-host: gateway.example
                   x-forwarded-proto: https
                   x-tenant: globex
                   x-user: bob

      10 passed, 1 failed"
    `);
  });
});

const POLICY_USERS = `
users:
  ann: { scopes: [orders:admin], permissions: [orders.delete], upstreamHeaders: { x-user: Ännchen } }
  bob: { may: [GET /orders/*, /orders/:id/notes], upstreamHeaders: { x-user: bob } }
  eve: refused
`;
const POLICY_TESTS = `${POLICY_USERS}
tests:
  - { request: GET /orders/1, as: ann, expect: { decision: allow, upstream: { x-user: Ännchen, x-forwarded-proto: https } } }
  - GET /orders/1?all as bob -> allow
  - POST /orders/1/notes as bob -> allow
  - POST /orders/1 as bob -> 403 denied
  - DELETE /orders/1 as ann -> allow
  - DELETE /orders/1 as bob -> 403 denied
  - GET /orders/admin/users as ann -> allow
  - GET /orders/admin/users as bob -> 403 denied
  - GET /orders/1 as eve -> 403 denied
  - GET /orders/1 -> 401 missing_credential
`;
const RULES = `rules: [
  { path: "/orders/:id", methods: ["DELETE"], permission: "orders.delete" },
  { path: "/orders/admin/*", scopes: ["orders:admin"] },
],`;

describe("introspection of a verified token", () => {
  it("tells a token that was revoked from one that its issuer never signed", async () => {
    const service = orders(`protocol: "introspection", path: "/introspect", clientAuthentication: { type: "none" },
      verify: { issuers: [{ issuer: "https://login.example", audience: "orders-api" }] }`);
    const policy = `
users: { ann: {}, eve: refused, other: { claims: { aud: other-api } }, nobody: { claims: { exp: null } } }
tests:
  - GET /orders/1 as ann -> allow
  - GET /orders/1 as eve -> 401 token_inactive
  - GET /orders/1 as other -> 401 token_unexpected
  - GET /orders/1 as nobody -> 401 token_invalid`;
    expect((await run(service, policy)).text).toBe("4 passed, 0 failed");
  });
});

describe("servers that decide themselves", () => {
  it.each([
    ["forward-auth", 'protocol: "forward-auth", path: "/check", enforcesScopes: true, upstreamHeaders: ["x-user"]'],
    ["authzen", 'protocol: "authzen", enforcesScopes: true, upstreamHeaders: ["x-user"]'],
    ["opa", 'protocol: "opa", path: "/v1/data/orders", enforcesScopes: true, upstreamHeaders: ["x-user"]'],
    [
      "opa, about the subject of an introspected token",
      `protocol: "opa", path: "/v1/data/orders", enforcesScopes: true, upstreamHeaders: ["x-user"],
       subject: { cluster: "auth", path: "/introspect", clientAuthentication: { type: "none" }, expect: { audience: "a" } }`,
    ],
    [
      "authzen, about the subject of a verified token",
      `protocol: "authzen", enforcesScopes: true, upstreamHeaders: ["x-user"], subject: "verified",
       verify: { issuers: [{ issuer: "https://login.example/", audience: ["orders-api", "other"] }] }`,
    ],
    [
      "authzen, about routes, at an endpoint that is discovered",
      `protocol: "authzen", path: "discover", enforcesScopes: true, upstreamHeaders: ["x-user"], subject: "verified",
       subjectType: "identity", resource: "route",
       verify: { issuers: [{ issuer: "https://login.example/", audience: ["orders-api", "other"] }] }`,
    ],
    [
      "opa, about the subject of a signed introspection reply",
      `protocol: "opa", path: "/v1/data/orders", enforcesScopes: true, upstreamHeaders: ["x-user"],
       subject: {
         cluster: "auth", path: "/introspect", expect: { audience: "a" },
         clientAuthentication: {
           type: "private-key-jwt", id: "gateway", key: secret("KEY"), algorithm: "ES256", audience: "https://login.example",
         },
         signedReplies: { issuer: "https://login.example", jwks: { cluster: "auth", path: "/keys" } },
       }`,
    ],
    [
      "forward-auth, after the token was verified",
      `protocol: "forward-auth", path: "/check", enforcesScopes: true, upstreamHeaders: ["x-user"],
       verify: { issuers: [{ issuer: "urn:login", audience: "any", jwks: { cluster: "auth", path: "/keys" } }] }`,
    ],
  ])("know the users' permissions, scopes and what they may: %s", async (_, authorization) => {
    expect((await run(orders(authorization, RULES), POLICY_TESTS)).text).toBe("10 passed, 0 failed");
  });

  it.each([
    '{ from: "authorization", schemes: ["Basic"] }',
    '{ from: "authorization", schemes: ["ApiKey"] }',
    '{ from: "header", name: "x-token" }',
    '{ from: "cookie", name: "session" }',
    '{ from: "query", name: "token" }',
    '{ from: "certificate" }',
  ])("know a user by the credential in its place: %s", async (credential) => {
    const protocols = [
      'protocol: "forward-auth", path: "/check"',
      'protocol: "authzen"',
      'protocol: "opa", path: "/v1/data/a"',
    ];
    const services = protocols.map((protocol, index) =>
      orders(protocol, `credentials: [${credential}],`)
        .replace("orders: {", `orders${index}: {`)
        .replace('prefix: "/orders"', `prefix: "/${index}"`),
    );
    const tests = protocols.flatMap((_, index) => [
      `GET /${index} as ann -> allow`,
      `GET /${index} as eve -> 403 denied`,
    ]);
    const { text } = await run(services.join(""), `users: { ann: {}, eve: refused }\ntests: [${tests.join(", ")}]`);
    expect(text).toBe("6 passed, 0 failed");
  });

  it("refuse with the status that the file says, under forward-auth", async () => {
    const service = orders('protocol: "forward-auth", path: "/check"');
    const policy = "users: { guest: { refused: 302 } }\ntests: [GET /orders/1 as guest -> 302 denied]";
    expect((await run(service, policy)).text).toBe("1 passed, 0 failed");
  });

  it("send pages without a credential to a login if the service asks about them, and refuse scripts", async () => {
    const service = orders(
      'protocol: "forward-auth", path: "/check", withoutCredential: "ask"',
      'credentials: [{ from: "cookie", name: "session" }], rules: [{ path: "/orders/open", public: true }],',
    );
    const policy = `users: { ann: {} }
tests:
  - GET /orders/1 as ann -> allow
  - GET /orders/1 -> 401 denied
  - GET /orders/open -> allow (public)
  - request: GET /orders/1
    headers: { accept: "text/html" }
    expect: { decision: 302 denied, response: { location: "https://login.example/" } }`;
    expect((await run(service, policy)).text).toBe("4 passed, 0 failed");
  });

  it("are shown in a failed test with what they were asked", async () => {
    const service = orders('protocol: "opa", path: "/v1/data/orders", enforcesScopes: true', RULES);
    const { text } = await run(service, `${POLICY_USERS}\ntests: [DELETE /orders/7 as bob -> allow]`);
    expect(text).toContain(
      "    asked    auth: may bob DELETE /orders/7 permission orders.delete? -> no: bob lacks orders.delete",
    );
    expect(text).toContain("    upstream got nothing");
  });
});

describe("jwt", () => {
  const issuers = `[
    { issuer: "https://login.example/realm", audience: "orders-api", typ: "at+jwt", clientIds: ["web"], algorithms: ["RS256"] },
    { issuer: "https://old.example", audience: "any", sharedSecret: secret("OLD_SECRET"), algorithms: ["HS512"] },
  ]`;
  const service = `orders: {
    route: { hosts: ["api.example.com"], prefix: "/orders" },
    upstream: { binding: "ORDERS" },
    authorization: { protocol: "jwt", issuers: ${issuers}, upstreamClaims: { sub: "x-user" } },
    credentials: [{ from: "cookie", name: "session" }],
    rules: [{ path: "/orders/admin/*", scopes: ["orders:admin"], claims: { level: 3 } }],
  },`;

  it("signs tokens with a made-up key that stands in for the issuer's, found by discovery", async () => {
    const policy = `
users:
  ann: { scopes: [orders:admin], claims: { level: 3 } }
  bob: { scopes: [orders:admin], claims: { level: "3" } }
  old: { claims: { iss: https://old.example } }
  late: { claims: { exp: 1700000000 } }
  other: { claims: { aud: other-api } }
  eve: refused
tests:
  - { request: GET /orders/admin/1, as: ann, expect: { decision: allow, upstream: { x-user: ann } } }
  - GET /orders/admin/1 as bob -> 403 insufficient_claims
  - GET /orders/1 as old -> allow
  - GET /orders/1 as late -> 401 token_expired
  - GET /orders/1 as other -> 401 token_unexpected
  - GET /orders/1 as eve -> 401 token_invalid
  - request: GET /orders/1
    host: elsewhere.example
    expect: 404 no_service
`;
    expect((await run(service, policy)).text).toBe("7 passed, 0 failed");
  });
});

describe("jwt of one issuer for several services", () => {
  it("has a key for each algorithm that they accept", async () => {
    const services = ["RS256", "ES384", "EdDSA"].map(
      (algorithm, index) => `service${index}: {
        route: { prefix: "/${index}" },
        upstream: { url: "https://orders.example" },
        authorization: {
          protocol: "jwt",
          issuers: [{ issuer: "https://login.example", audience: "any", algorithms: ["${algorithm}"] }],
        },
      },`,
    );
    const tests = services.map((_, index) => `GET /${index} as ann -> allow`);
    const { text } = await run(services.join(""), `users: { ann: {} }\ntests: [${tests.join(", ")}]`);
    expect(text).toBe("3 passed, 0 failed");
  });
});

describe("api-keys", () => {
  const service = (credentials: string) => `orders: {
    route: { prefix: "/" },
    upstream: { url: "http://127.0.0.1:1" },
    authorization: { protocol: "api-keys", keys: [secret("KEYS"), secret("MORE_KEYS")], upstreamClaims: { sub: "x-client" } },
    credentials: [${credentials}],
    upstreamAuthorization: "remove",
    rules: [{ path: "/admin/*", scopes: ["admin"] }],
  },`;
  const policy = `
users: { ann: { scopes: [admin] }, bob: , eve: refused }
tests:
  - GET /admin/1 as ann -> allow
  - GET /admin/1 as bob -> 403 insufficient_scope
  - { request: GET /orders?page=1, as: bob, expect: { decision: allow, upstream: { x-client: bob, x-api-key: null } } }
  - GET /orders as eve -> 401 key_unknown
  - GET /orders -> 401 missing_credential
`;

  it.each([
    '{ from: "header", name: "x-api-key" }',
    '{ from: "header", name: "x-api-key", prefix: "key=" }',
    '{ from: "authorization", schemes: ["Basic", "ApiKey"] }',
    '{ from: "query", name: "key" }',
    '{ from: "cookie", name: "key" }',
    '{ from: "websocket-protocol" }',
    '{ from: "certificate" }',
  ])("makes a key for each user and sends it in its place: %s", async (credential) => {
    expect((await run(service(credential), policy)).text).toBe("5 passed, 0 failed");
  });
});

describe("a filter of the user's own", () => {
  const service = `orders: {
    route: { prefix: "/orders" },
    upstream: { url: "https://orders.example" },
    filter: ownFilter,
    configuration: "cluster=auth\\npath=/check\\nheader=x-user",
    clusters: { auth: { url: "https://auth.example" } },
    identityHeaders: ["x-user"],
    rules: [{ path: "/orders/health", public: true }],
  },`;

  it("gets scripted replies by cluster and path", async () => {
    const policy = `
users:
  ann:
    sends: { authorization: Bearer ann }
    replies: [{ cluster: auth, path: /check, headers: { x-user: ann } }]
  eve:
    sends: { authorization: Bearer eve }
    replies: [{ cluster: auth, status: 403 }]
tests:
  - { request: GET /orders/1, as: ann, expect: { decision: allow, upstream: { x-user: ann } } }
  - GET /orders/1 as eve -> 403
  - GET /orders/health -> allow (public)
  - { request: GET /orders/1, as: ann, replies: [{ cluster: auth, status: 403 }], expect: 403 }
`;
    expect((await run(service, policy)).text).toBe("4 passed, 0 failed");
  });

  it("gets no answer where none is scripted, and the report says so", async () => {
    const policy = `
users: { ann: { sends: { authorization: x } } }
tests:
  - GET /orders/1 as ann -> allow
  - { request: GET /orders/1, as: ann, replies: [{ cluster: auth }], expect: allow }`;
    const { text, exitCode } = await run(service, policy);
    expect(exitCode).toBe(1);
    expect(text).toContain("1 passed, 1 failed");
    expect(text).toContain("auth: GET /check -> no answer: no reply is scripted");
  });

  it("is not given a user who sends nothing that it could read", async () => {
    const { text, exitCode } = await run(service, "users: { ann: {} }\ntests: [GET /orders/1 as ann -> allow]");
    expect(exitCode).toBe(2);
    expect(text).toContain("found ann, who sends nothing; allowed: a user with what the filter of orders reads");
  });
});

describe("the run", () => {
  it("reaches no server, even one that listens", async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const service = orders('protocol: "forward-auth", path: "/check"')
      .replace("https://orders.example/api", url)
      .replace("https://auth.example:8443", url);
    const policy = "users: { ann: {} }\ntests: [GET /orders/1 as ann -> allow]";
    expect((await run(service, policy)).text).toBe("1 passed, 0 failed");
    server.close();
    expect(requests).toBe(0);
  });

  it("keeps apart an authorization server and an upstream on one host", async () => {
    const service = orders('protocol: "forward-auth", path: "/orders/check"').replace(
      "https://orders.example/api",
      "https://auth.example:8443",
    );
    const policy =
      "users: { ann: {}, eve: refused }\ntests: [GET /orders/check as ann -> allow, GET /orders/check as eve -> 403]";
    expect((await run(service, policy)).text).toBe("2 passed, 0 failed");
  });

  it.each([
    ["made up", ""],
    ["given by the file", 'environment: { AUTH_URL: "https://auth.staging.example" }\n'],
  ])("stands in for an authorization server whose address is a variable, %s", async (_, environment) => {
    const service = INTROSPECTION.replace('"https://auth.example:8443"', '{ variable: "AUTH_URL" }');
    const policy = `${environment}users: { ann: { scopes: ["orders:write"] }, eve: refused }
tests:
  - GET /orders/1 as ann -> allow
  - GET /orders/1 as eve -> 401`;
    expect((await run(service, policy)).text).toContain("2 passed, 0 failed");
  });

  it("decides each test anew: no cached decision of an earlier one counts", async () => {
    const service = orders('protocol: "opa", path: "/v1/data/orders"');
    const policy = "users: { ann: {} }\ntests: [GET /orders/1 as ann -> 403, GET /orders/1 as ann -> 403]";
    const { text } = await run(service, policy, "--json");
    const { tests } = JSON.parse(text);
    expect(tests.map(({ asked }: { asked: string[] }) => asked)).toEqual([
      ["auth: may ann GET /orders/1? -> yes"],
      ["auth: may ann GET /orders/1? -> yes"],
    ]);
  });

  it("enforces where the service only reports, and says so", async () => {
    const service = orders(
      'protocol: "opa", path: "/v1/data/orders"',
      'enforcement: { mode: "report-only", until: "2126-01-31" },',
    );
    const { text, exitCode } = await run(service, "tests: [GET /orders/1 -> 401 missing_credential]");
    expect(exitCode).toBe(0);
    expect(text).toContain("hint: orders only reports until 2126-01-31: the tests show what it decides");
  });

  it("hints at services, rules and users that no test reaches", async () => {
    const others = `${RULES.replace('{ path: "/orders/admin', '{ path: "/orders/free", public: true }, { path: "/orders/admin')}`;
    const service = orders('protocol: "opa", path: "/v1/data/orders", enforcesScopes: true', others);
    const { text } = await run(
      `${service} ${service.replace("orders: {", "invoices: {").replaceAll('"/orders', '"/invoices')}`,
      "users: { ann: {} }\ntests: [GET /orders/free -> allow (public)]",
    );
    expect(text).toBe(`hint: orders: no test reaches rules[0] DELETE /orders/:id (permission orders.delete)
hint: orders: no test reaches rules[2] /orders/admin/* (scopes orders:admin)
hint: invoices: no test
hint: user ann: no test

1 passed, 0 failed`);
  });

  it("uses values for secrets that the file gives", async () => {
    const service = orders(
      'protocol: "opa", path: "/v1/data/orders"',
      'upstreamAuthorization: { replace: secret("UPSTREAM_TOKEN") },',
    );
    const policy = `
environment: { UPSTREAM_TOKEN: Bearer of-the-gateway }
users: { ann: {} }
tests:
  - { request: GET /orders/1, as: ann, expect: { decision: allow, upstream: { authorization: Bearer of-the-gateway } } }`;
    expect((await run(service, policy)).text).toBe("1 passed, 0 failed");
  });

  it("shows a header that differs", async () => {
    const policy = `
users: { ann: {} }
tests:
  - { request: GET /orders/1, as: ann, expect: { decision: allow, upstream: { x-user: ann } } }`;
    const { text } = await run(orders('protocol: "opa", path: "/v1/data/orders"'), policy);
    expect(text).toContain("  - upstream x-user: ann\n  + upstream x-user: (absent)\n");
  });

  it("shows the gateway's log of a failed test", async () => {
    const policy = "users: { ann: { claims: { org: { tenant: ' a ' } } } }\ntests: [POST /orders/1 as ann -> allow]";
    const { text } = await run(INTROSPECTION.replace('scopes: ["orders:write"]', ""), policy);
    expect(text).toContain("  - allow\n  + 503 authorization_server_malformed\n");
    expect(text).toMatch(/^ {4}log {6}.*"event":"call_failed","service":"orders","cluster":"auth"/m);
  });

  it("counts a preflight that the gateway answers as its answer, and a body that no upstream gets", async () => {
    const service = orders(
      'protocol: "opa", path: "/v1/data/orders"',
      'preflight: { answer: { origins: ["https://app.example.com"] } },',
    );
    const origin = "origin: https://app.example.com, access-control-request-method: GET";
    const policy = `
users: { ann: {} }
tests:
  - { request: OPTIONS /orders/1, headers: { ${origin} }, expect: 204 }
  - { request: OPTIONS /orders/1, headers: { ${origin.replace("app", "evil")} }, expect: 403 cors_origin }
  - { request: GET /orders/1, as: ann, body: x, expect: 400 body_not_allowed }
  - { request: POST /orders/1, as: ann, body: größer, expect: { decision: allow, upstream: { content-length: 8 } } }
  - HEAD /orders/1 as ann -> allow
  - GET /orders/../1 as ann -> 400 dot_segment_in_path`;
    expect((await run(service, policy)).text).toBe("6 passed, 0 failed");
  });

  it("knows what the gateway publishes, and what a challenge says", async () => {
    const service = orders(
      'protocol: "opa", path: "/v1/data/orders"',
      'resource: { authorizationServers: ["https://login.example"], scopes: ["orders:read"] }, cors: { origins: "*" },',
    );
    const metadata = "/.well-known/oauth-protected-resource/orders";
    const challenge = `Bearer realm="orders", scope="orders:read", resource_metadata="https://gateway.example${metadata}"`;
    const policy = `
tests:
  - GET ${metadata} -> 200
  - POST ${metadata} -> 405 method_not_allowed
  - { request: GET /orders/1, expect: { decision: 401, response: { www-authenticate: '${challenge}' } } }
  - request: OPTIONS /orders/1
    headers: { origin: https://a.example, access-control-request-method: GET, access-control-request-headers: x-a }
    expect: 403 cors_header`;
    expect((await run(service, policy)).text).toBe("4 passed, 0 failed");
    const wrong = await run(service, `tests: [GET ${metadata} -> allow]`);
    expect(wrong.text).toContain("the gateway publishes services.orders.resource here");
    expect(wrong.text).toContain("  - allow\n  + 200\n");
  });

  it("tells a public rule from a decision", async () => {
    const policy = "users: { ann: {} }\ntests: [GET /orders/1 as ann -> allow (public)]";
    const { text } = await run(orders('protocol: "opa", path: "/v1/data/orders"'), policy);
    expect(text).toContain("  - allow (public)\n  + allow\n");
  });
});

describe("what cannot be used", () => {
  const service = orders('protocol: "opa", path: "/v1/data/orders", uri: "none"');

  it.each([
    [
      "users: { ann: {} }\ntests: [GET /orders/1 as anne -> allow]",
      /:3: tests\[0\]\.as: found "anne"; allowed: a user of this file: "ann"/,
    ],
    [
      "tests: [GET /order/1 -> 401]",
      /:2: tests\[0\]: found "\/order\/1", no service has this host and path; allowed: a path of a service: orders \(\/orders\)/,
    ],
    ["tests: [GET /stats -> 401]", /the operator's pages are under \/stats/],
    ["tests: [GET /orders/1 -> 403 no_rul]", /allowed: a reason that the gateway gives \(did you mean "no_rule"\?\)/],
    [
      "tests: [GET /orders/1 -> 401 no_rule]",
      /found 401 no_rule; allowed: 403 no_rule; the gateway never gives this reason with 401/,
    ],
    [
      "tests:\n  - request: GET /orders/1\n    expect: { decision: 403, upstream: { x-user: ann } }",
      /:4: .*upstream only beside allow/,
    ],
    [
      "users: { ann: { may: [GET /orders/*] } }\ntests: [GET /orders/1 as ann -> allow]",
      /users\.ann\.may: .* sends its server no URI/,
    ],
    [
      "users: { ann: { replies: [{ cluster: auth }] } }\ntests: [GET /orders/1 as ann -> allow]",
      /only a service with a filter of your own has scripted ones/,
    ],
  ])("is named with its line and a way out: %s", async (policy, message) => {
    const { exitCode, ok, report, complaint } = await run(service, policy);
    expect({ exitCode, ok, report }).toEqual({ exitCode: 2, ok: false, report: undefined });
    expect(complaint).toMatch(message);
  });

  it("asks for the host where several services have the path", async () => {
    const two = ["a.example.com", "b.example.com"].map((name, index) =>
      service.replace("orders: {", `orders${index}: {`).replace("route: {", `route: { hosts: ["${name}"],`),
    );
    const { complaint } = await run(two.join(""), "tests: [GET /orders/1 -> 401]");
    expect(complaint).toContain('host: "a.example.com" or "b.example.com"');
  });

  it("is a configuration with mistakes, which are listed", async () => {
    const { exitCode, complaint } = await run(service.replace("/v1/data", "v1/data"), "tests: [GET /orders/1 -> 401]");
    expect(exitCode).toBe(2);
    expect(complaint).toContain("services.orders.authorization.path");
  });

  it("is a configuration or a file that does not exist", async () => {
    expect(await runPolicyTests([join(folder, "none.yaml")])).toMatchObject({
      exitCode: 2,
      complaint: /none\.yaml does not exist/,
    });
    const file = join(folder, "lost.yaml");
    await writeFile(file, "gateway: lost.config.ts\ntests: [GET / -> 401]");
    expect(await runPolicyTests([file])).toMatchObject({ exitCode: 2, complaint: /lost\.config\.ts does not exist/ });
  });

  it("ends the process with 2, and the complaint on standard error", () => {
    const args = ["scripts/policy-test.ts", join(folder, "none.yaml")];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("none.yaml does not exist");
  });

  it("is an unknown option", async () => {
    expect(await runPolicyTests(["--jason"])).toMatchObject({ exitCode: 2, complaint: /--jason.*--help/s });
  });
});

describe("the file in docs/policy-tests.md", () => {
  it("can be copied", async () => {
    const page = await readFile(join(import.meta.dirname, "../docs/policy-tests.md"), "utf8");
    const [, policy = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    expect(policy).toContain("gateway: gateway.config.ts");
    const service = orders(
      `protocol: "introspection", path: "/introspect", clientAuthentication: { type: "none" }, upstreamClaims: { sub: "x-user" }`,
      `rules: [
         { path: "/orders/health", public: true },
         { path: "/orders/admin/*", scopes: ["orders:admin"], claims: { tenant: "a" } },
       ],
       identityHeaders: ["x-debug"],`,
    );
    expect((await run(service, policy.replace(/^gateway:.*/, ""))).text).toBe("7 passed, 0 failed");
  });
});

describe("the repository's own configuration", () => {
  it("decides as gateway.test.yaml says", async () => {
    expect(await runPolicyTests(["gateway.test.yaml"])).toMatchObject({
      exitCode: 0,
      report: /^\d+ passed, 0 failed$/,
    });
  });
});

describe("a configuration with variables", () => {
  const VARIABLES = orders(
    `protocol: "introspection", path: "/introspect", expect: { audience: variable("AUDIENCE"), issuer: variable("ISSUER") },
     clientAuthentication: { type: "basic", id: variable("CLIENT_ID"), secret: secret("INTROSPECTION_SECRET") }`,
  )
    .replace('"https://orders.example/api"', 'variable("UPSTREAM_URL")')
    .replace('"https://auth.example:8443"', 'variable("AUTH_URL")');
  const TOKENS = `tokens: {
    route: { prefix: "/tokens" },
    upstream: { url: variable("UPSTREAM_URL") },
    authorization: { protocol: "jwt", issuers: [{ issuer: variable("ISSUER"), audience: [variable("AUDIENCE")] }] },
  },`;
  const TESTS = `
users:
  ann: {}
  eve: refused
  mallory: { claims: { aud: another-api } }
tests:
  - GET /orders/1 as ann -> allow
  - GET /orders/1 as eve -> 401 token_inactive
  - GET /orders/1 as mallory -> 401 token_unexpected
  - GET /tokens/1 as ann -> allow
  - GET /tokens/1 as eve -> 401
  - GET /tokens/1 as mallory -> 401
`;

  it.each([
    ["made-up values", ""],
    [
      "the file's values, also if one server is both upstream and authorization server",
      "environment: { UPSTREAM_URL: https://one.example/api, AUTH_URL: https://one.example/, ISSUER: https://one.example }\n",
    ],
  ])("asks its servers under %s", async (_, environment) => {
    expect(await run(VARIABLES + TOKENS, environment + TESTS)).toMatchObject({ text: "6 passed, 0 failed" });
  });

  it("names a value that cannot be used", async () => {
    expect(await run(VARIABLES, `environment: { AUTH_URL: auth.example }\n${TESTS}`)).toMatchObject({
      text: expect.stringMatching(
        /clusters\.auth\.url: found variable\("AUTH_URL"\), a text of 12 characters; allowed: /,
      ),
      exitCode: 2,
    });
  });
});

describe("handlers", () => {
  it("are not called, and services that share one protect each other's identity headers", async () => {
    const services = `
      open: { route: { prefix: "/open" }, upstream: { handler: APP }, rules: [{ path: "/open/*", public: true }], ${TOKEN_FIELDS} },
      closed: { route: { prefix: "/closed" }, upstream: { handler: APP }, ${TOKEN_FIELDS.replace("}]", '}], upstreamClaims: { sub: "x-user" }')} },`;
    const app = 'globalThis.app ??= { fetch() { throw new Error("called") } }';
    const policy = `
users: { ann: {} }
tests:
  - GET /closed/1 as ann -> allow
  - GET /closed/1 -> 401
  - request: GET /open/1
    headers: { x-user: root }
    expect: { decision: allow, upstream: { x-user: null } }
`;
    expect(await run(services.replaceAll("APP", app), policy)).toMatchObject({ text: "3 passed, 0 failed" });
  });

  it("may contain themselves", async () => {
    const app = "Object.assign((globalThis.own ??= { fetch() {} }), { own: globalThis.own })";
    const services = `app: { route: { prefix: "/" }, upstream: { handler: ${app} }, ${TOKEN_FIELDS} }`;
    expect(await run(services, "\ntests: [GET /1 -> 401]\n")).toMatchObject({ text: "1 passed, 0 failed" });
  });

  it("may be apps that import what wrangler lets a Worker import", async () => {
    await writeFile(join(folder, "page.html"), "<p>page</p>");
    await writeFile(join(folder, "common.cjs"), 'module.exports = require("path").sep;');
    await writeFile(
      join(folder, "app.ts"),
      `import page from "./page.html"; import { createHash } from "node:crypto"; import { connect } from "cloudflare:sockets";
import sep from "./common.cjs";
export const app = { used: [page, createHash("sha256").digest("hex"), Buffer.from(sep), connect], fetch: () => new Response() };`,
    );
    const services = `app: { route: { prefix: "/" }, upstream: { handler: app }, ${TOKEN_FIELDS} }`;
    const tests = "\nusers: { ann: {} }\ntests: [GET /1 as ann -> allow, GET /1 -> 401]\n";
    expect(await run(services, tests)).toMatchObject({ text: "2 passed, 0 failed" });
  });
});

const TOKEN_FIELDS = `authorization: { protocol: "jwt", issuers: [{ issuer: "https://login.example", audience: "api" }] }`;
