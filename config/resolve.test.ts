import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineGateway, secret } from "./input.ts";
import { resolveGateway } from "./resolve.ts";
import { builtInService, emptyModule, gatewayOf, otherService, problemsOf, serviceOf } from "./testing/inputs.ts";

/** Problems of one service with the built-in filter, without the common start of their paths. */
function problemsWith(fields: Record<string, unknown>): string[] {
  return problemsOf({ services: { orders: builtInService(fields) } }).map(shorten);
}

function problemsOfOther(fields: Record<string, unknown>): string[] {
  return problemsOf({ services: { orders: otherService(fields) } }).map(shorten);
}

function shorten(problem: string): string {
  return problem.replace("services.orders.", "");
}

const forwardAuth = { protocol: "forward-auth", cluster: "auth", path: "/check" };
const introspection = {
  protocol: "introspection",
  cluster: "auth",
  path: "/introspect",
  clientAuthentication: { type: "none" },
};

describe("a resolved gateway", () => {
  it("has every default filled in", () => {
    const gateway = gatewayOf({ orders: builtInService({ authorization: forwardAuth }) });
    expect(gateway).toEqual({
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
      variables: [],
      operator: {
        prefix: "/stats",
        tokenSecret: "OPERATOR_TOKEN",
        tokens: [],
        metricsPath: "/metrics",
        healthPath: "/healthz",
        defaultPaths: ["metricsPath", "healthPath"],
      },
      keySecret: "EBB_KEY",
      memory: { highBytes: 100_663_296, hardBytes: 109_051_904, collectAfterMs: 1_000 },
      services: [
        {
          name: "orders",
          version: expect.stringMatching(/^[0-9a-f]{16}$/),
          route: { hosts: [], prefix: "/orders", stripPrefix: false },
          upstream: { url: "https://orders.example" },
          filter: emptyModule,
          filterKind: {
            kind: "built-in",
            authorization: {
              ...forwardAuth,
              method: "GET",
              headers: {},
              uri: "path-and-query",
              requestHeaders: [],
              unkeyedHeaders: [],
              upstreamHeaders: [],
              enforcesScopes: false,
              withoutCredential: "refuse",
              clientHeaders: [],
            },
            credentials: [{ from: "authorization", schemes: ["bearer"] }],
            isReadInWorker: false,
            cache: {
              maxTtlMs: 600_000,
              denyTtlMs: 10_000,
              staleIfErrorMs: 0,
              obeyCacheControl: true,
              maxBytes: 33_554_432,
              persist: false,
              edgeTtlMs: 0,
            },
            failOpen: false,
          },
          clusters: {
            auth: { url: "https://auth.example", authority: "auth.example", timeoutMs: 2_000, concurrency: 64 },
          },
          rules: [],
          unmatched: "authenticate",
          paths: "lenient",
          preflight: "authorize",
          identityHeaders: [],
          neededHeaders: ["authorization"],
          credentialHeaders: [],
          stages: { requestBody: false, responseHeaders: false, responseBody: false },
          body: { limitBytes: 1_048_576, whileHeadersPaused: false },
          failurePolicy: "closed",
          upstreamAuthorization: "keep",
          enforcement: { mode: "enforce" },
          ticks: "requests",
          restart: {
            policy: "measured",
            extraCallsShare: 0.01,
            workShare: 0.0001,
            callFreeGrowth: { restart: true, afterMs: 240_000, minBytes: 1_048_576 },
            collectMs: 900_000,
            baseline: "generation",
            literal: "ratios",
            binMs: 60_000,
            ttlCapMs: 600_000,
            ttlDefaultMs: 600_000,
            sampleIntervalMs: 10_000,
            minLifetimeMs: 60_000,
            maxUptimeMs: 604_800_000,
            hardLimitBytes: 67_108_864,
            uptimeMs: 3_600_000,
            thresholdBytes: 16_777_216,
          },
        },
      ],
    });
  });

  it("knows the identity headers that its authorization server fills", () => {
    const forward = builtInService({
      authorization: { ...forwardAuth, upstreamHeaders: ["X-User", "x-tenant"] },
      identityHeaders: ["X-Admin", "x-user"],
    });
    expect(serviceOf(forward).identityHeaders).toEqual(["x-admin", "x-user", "x-tenant"]);
    const claims = builtInService({ authorization: { ...introspection, upstreamClaims: { sub: "X-Sub" } } });
    expect(serviceOf(claims).identityHeaders).toEqual(["x-sub"]);
  });

  it("removes identity headers of all services in front of the same upstream, except those that its own filter reads", () => {
    const upstream = { url: "https://shared.example" };
    const gateway = gatewayOf({
      a: builtInService({
        upstream,
        authorization: { ...forwardAuth, upstreamHeaders: ["x-user"] },
        identityHeaders: ["x-t"],
      }),
      b: builtInService({ route: { prefix: "/b" }, upstream: { url: "https://shared.example/base" } }),
      c: builtInService({ route: { prefix: "/c" }, upstream, credentials: [{ from: "header", name: "x-t" }] }),
      d: builtInService({ route: { prefix: "/d" }, upstream: { url: "https://other.example" } }),
    });
    const stripped = gateway.services.map(({ identityHeaders }) => identityHeaders.toSorted());
    expect(stripped).toEqual([["x-t", "x-user"], ["x-t", "x-user"], ["x-user"], []]);
  });

  it("knows the headers the built-in filter reads, and that other filters may read all", () => {
    const service = builtInService({
      authorization: { ...forwardAuth, requestHeaders: ["X-Tenant", "cookie"] },
      credentials: [
        { from: "header", name: "X-Api-Key" },
        { from: "cookie", name: "session" },
      ],
    });
    expect(serviceOf(service).neededHeaders).toEqual(["x-api-key", "cookie", "x-tenant"]);
    expect(serviceOf(otherService()).neededHeaders).toBe("all");
  });

  it("normalizes URLs and hosts", () => {
    const service = serviceOf(
      builtInService({
        route: { hosts: ["API.example.com", "*.Example.org", "api.example.com"] },
        upstream: { url: "https://Orders.example:443/v1/" },
      }),
    );
    expect(service.route).toEqual({ hosts: ["api.example.com", "*.example.org"], prefix: "/", stripPrefix: false });
    expect(service.upstream).toEqual({ url: "https://orders.example/v1" });
  });

  it("shortens the default durations of a restart policy to a short collectMs", () => {
    expect(serviceOf(builtInService({ restart: { collectMs: 1_000 } })).restart).toMatchObject({
      collectMs: 1_000,
      binMs: 1_000,
      sampleIntervalMs: 1_000,
      minLifetimeMs: 1_000,
    });
  });

  it("uses ttlCapMs as the default of ttlDefaultMs", () => {
    const restart = { ttlCapMs: 3_600_000 };
    expect(serviceOf(builtInService({ restart })).restart.ttlDefaultMs).toBe(3_600_000);
    const both = { ...restart, ttlDefaultMs: 300_000 };
    expect(serviceOf(builtInService({ restart: both })).restart.ttlDefaultMs).toBe(300_000);
  });

  it("has a ttlCapMs of at least the cache's maxTtlMs", () => {
    const capOf = (maxTtlMs: number) => serviceOf(builtInService({ cache: { maxTtlMs } })).restart.ttlCapMs;
    expect([60_000, 600_000, 1_200_000].map(capOf)).toEqual([600_000, 600_000, 1_200_000]);
    expect(serviceOf(otherService()).restart.ttlCapMs).toBe(600_000);
  });

  it("has both readings of the paper's baseline and of its TTL rule", () => {
    const restart = { policy: "ratio", baseline: "remembered", literal: "counts" };
    expect(serviceOf(builtInService({ restart })).restart).toMatchObject(restart);
    expect(problemsWith({ restart: { baseline: "median" } })).toEqual([
      expect.stringContaining('found "median"; allowed: "generation" or "remembered"'),
    ]);
    expect(problemsWith({ restart: { literal: "ratio" } })).toEqual([
      expect.stringContaining('found "ratio"; allowed: "ratios" or "counts"'),
    ]);
  });

  it("keeps hardLimitBytes above the cache's maxBytes", () => {
    const limitOf = (maxBytes: number) => serviceOf(builtInService({ cache: { maxBytes } })).restart.hardLimitBytes;
    const mib = 1024 * 1024;
    expect([16, 32, 48, 100].map((size) => limitOf(size * mib) / mib)).toEqual([64, 64, 96, 128]);
    expect(serviceOf(otherService()).restart.hardLimitBytes).toBe(64 * mib);
  });

  it("accepts fields of one restart policy together with another", () => {
    const restart = { policy: "never", uptimeMs: 1_000, thresholdBytes: 65_536, extraCallsShare: 0 };
    expect(serviceOf(builtInService({ restart })).restart).toMatchObject(restart);
  });

  it("calls a bound Worker by its host, or else by the cluster's name if that is a valid host", () => {
    const clusters = {
      auth: { binding: "A" },
      b: { binding: "B", host: "idp.example" },
      "outbound|80||x": { binding: "C" },
    };
    const resolved = serviceOf(otherService({ clusters })).clusters;
    expect(Object.values(resolved).map(({ authority }) => authority)).toEqual(["auth", "idp.example", "cluster"]);
  });

  it("accepts a configuration that defineGateway's type allows", () => {
    const gateway = defineGateway({
      services: {
        orders: {
          route: { hosts: ["api.example.com"] },
          upstream: { binding: "ORDERS" },
          filter: emptyModule,
          authorization: {
            protocol: "opa",
            cluster: "opa",
            path: "/v1/data/ebb",
            headers: { authorization: secret("OPA_TOKEN") },
            enforcesScopes: true,
          },
          clusters: { opa: { url: "http://opa.internal:8181" } },
          rules: [{ path: "/a", public: true }, { path: "/b/*", scopes: ["b"] }, { path: "/c" }],
          preflight: { answer: { origins: ["https://app.example.com"], credentials: true } },
        },
        legacy: {
          route: { prefix: "/legacy" },
          upstream: { url: "https://legacy.example" },
          filter: emptyModule,
          configuration: { key: secret("KEY"), list: [1, true, null] },
        },
      },
    });
    expect(resolveGateway(gateway).ok).toBe(true);
  });
});

describe("the version of a configuration", () => {
  const version = (services: Record<string, object>) => gatewayOf({ ...services }).version;

  it("stays the same for other modules, another order of fields, and explicit defaults", () => {
    const base = version({ orders: builtInService() });
    const otherModule = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 0, 2, 1, 97));
    expect(version({ orders: builtInService({ filter: otherModule }) })).toBe(base);
    expect(version({ orders: Object.fromEntries(Object.entries(builtInService()).reverse()) })).toBe(base);
    expect(version({ orders: builtInService({ failOpen: false, unmatched: "authenticate" }) })).toBe(base);
  });

  it("changes with everything that changes a decision", () => {
    const changes = [
      {},
      { failOpen: true },
      { failurePolicy: "open" },
      { rules: [{ path: "/orders/a", public: true }] },
      { authorization: { ...forwardAuth, uri: "none" } },
      { clusters: { auth: { url: "https://other.example" } } },
      { cache: { maxTtlMs: 1 } },
    ];
    const versions = changes.map((change) => version({ orders: builtInService(change) }));
    expect(new Set(versions).size).toBe(changes.length);
    expect(version({ renamed: builtInService() })).not.toBe(versions[0]);
  });
});

describe("problems", () => {
  it("are reported all at once, sorted by path, each with what was found and what is allowed", () => {
    const result = resolveGateway({
      operater: {},
      services: {
        orders: builtInService({
          fail_open: true,
          clusters: { auth: { url: "https://auth.example", timeoutMs: "2s" } },
        }),
        users: builtInService({ route: { prefix: "/users/" }, upstreem: {} }),
      },
    });
    expect(result).toEqual({
      ok: false,
      problems: [
        {
          file: "gateway.config.ts",
          path: "operater",
          found: "an unknown field",
          allowed: 'only operator, keySecret, memory, analytics, services (did you mean "operator"?)',
        },
        {
          file: "gateway.config.ts",
          path: "services.orders.clusters.auth.timeoutMs",
          found: '"2s"',
          allowed: "a whole number from 1 to 60000 (milliseconds)",
        },
        expect.objectContaining({
          path: "services.orders.fail_open",
          allowed: expect.stringContaining('did you mean "failOpen"?'),
        }),
        expect.objectContaining({ path: "services.users.route.prefix", found: '"/users/"' }),
        expect.objectContaining({
          path: "services.users.upstreem",
          allowed: expect.stringContaining('did you mean "upstream"?'),
        }),
      ],
    });
  });

  it("are sorted by number within a list", () => {
    const rules = Array.from({ length: 12 }, (_, index) => ({
      path: index === 2 || index === 10 ? "x" : `/orders/${index}`,
    }));
    expect(problemsWith({ rules }).map((problem) => problem.split(":")[0])).toEqual([
      "rules[2].path",
      "rules[10].path",
    ]);
  });

  it("name every unknown field of an object, not only the first", () => {
    expect(problemsWith({ aaaaaaaa: 1, bbbbbbbb: 2 })).toHaveLength(2);
  });

  it("never repeat a value that may be a secret", () => {
    const leaks = problemsOf({
      services: {
        orders: builtInService({
          authorization: {
            ...introspection,
            clientAuthentication: { type: "basic", id: "ebb", secret: "hunter2" },
          },
          upstream: { url: "https://admin:hunter2@orders.example" },
        }),
        users: builtInService({
          route: { prefix: "/users" },
          authorization: {
            protocol: "opa",
            cluster: "auth",
            path: "/v1",
            headers: { authorization: "Bearer hunter2" },
          },
        }),
      },
    });
    expect(leaks).toHaveLength(3);
    expect(leaks.join()).not.toContain("hunter2");
    expect(leaks.join()).toContain('secret("NAME")');
  });

  it.each([undefined, null, 1, "text", [], () => ({}), new Map(), emptyModule, { services: [] }, { services: {} }])(
    "are found if %s is the whole configuration",
    (input) => {
      expect(problemsOf(input)).not.toEqual([]);
    },
  );

  it("are found in names with a special meaning in JavaScript objects", () => {
    const services = JSON.parse('{"__proto__":{},"orders":{}}');
    expect(problemsOf({ services })[0]).toContain("names other than __proto__");
    expect(problemsOf({ services: { constructor: builtInService() } })).not.toEqual([]);
  });

  it("are returned and never thrown, whatever the input", () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.constantFrom("route", "rules", "clusters", "authorization", "cache"),
        (value, key) => {
          expect(resolveGateway(value).ok).toBe(false);
          resolveGateway({ services: { orders: builtInService({ [key]: value }) } });
          resolveGateway({ services: { orders: value } });
        },
      ),
    );
  });
});

describe("a route", () => {
  it.each(["orders", "/orders/", "//orders", "/a//b", "/a/../b", "/./a", "/a%20b", "/a b", "/ä", "/a;b", "/a?b", ""])(
    "cannot have the prefix %j",
    (prefix) => {
      expect(problemsWith({ route: { prefix } })).toEqual([expect.stringMatching(/^route\.prefix: found/)]);
    },
  );

  it.each([
    "*",
    "*.",
    "api.example.com:443",
    "https://api.example.com",
    "a..b",
    "a b",
    "",
    "*.*.example.org",
    "a.*.b",
    "127.1",
    "256.1.1.1",
    "a.0x1",
    "*.127.0.0.1",
  ])("cannot have the host %j", (host) => {
    expect(problemsWith({ route: { hosts: [host] } })).toEqual([expect.stringMatching(/^route\.hosts\[0\]: found/)]);
  });

  it("needs hosts or a prefix", () => {
    expect(problemsWith({ route: {} })).toEqual([expect.stringContaining("hosts, a prefix, or both")]);
    expect(problemsWith({ route: { hosts: [] } })).toHaveLength(1);
  });

  it.each([
    [{ prefix: "/a" }, { prefix: "/a" }],
    [{ hosts: ["a.example"] }, { hosts: ["b.example", "A.example"] }],
    [
      { hosts: ["*.example.org"], prefix: "/a" },
      { hosts: ["*.example.org"], prefix: "/a" },
    ],
  ])("%j cannot be claimed by a second service", (first, second) => {
    const services = { a: builtInService({ route: first }), b: builtInService({ route: second }) };
    expect(problemsOf({ services })).toEqual([expect.stringMatching(/^services\.b\.route: .* services\.a claims too/)]);
  });

  it.each([
    [{ prefix: "/a" }, { prefix: "/a/b" }],
    [{ prefix: "/a" }, { prefix: "/ab" }],
    [{ prefix: "/a" }, { hosts: ["a.example"], prefix: "/a" }],
    [{ hosts: ["*.example.org"] }, { hosts: ["api.example.org"] }],
    [{ hosts: ["*.example.org"] }, { hosts: ["*.eu.example.org"] }],
  ])("%j may be overlapped by the more specific %j", (first, second) => {
    const services = { a: builtInService({ route: first }), b: builtInService({ route: second }) };
    expect(problemsOf({ services })).toEqual([]);
  });

  it.each([
    ["/stats", undefined],
    ["/stats/x", undefined],
    ["/ops", "/ops/stats"],
    ["/ops/stats/deep", "/ops/stats"],
  ])("cannot have the prefix %s if the operator has %s", (prefix, operator) => {
    const gateway = { services: { a: builtInService({ route: { prefix } }) } };
    const input = operator === undefined ? gateway : { ...gateway, operator: { prefix: operator } };
    expect(problemsOf(input)).toEqual([expect.stringMatching(/^services\.a\.route\.prefix: .*the operator's/)]);
  });

  it("may cover everything except the operator's paths", () => {
    expect(problemsWith({ route: { prefix: "/" } })).toEqual([]);
    expect(problemsWith({ route: { prefix: "/statistics" } })).toEqual([]);
  });
});

describe("the operator", () => {
  it("cannot have every path, and its token's name must be valid in an environment", () => {
    const problems = problemsOf({
      operator: { prefix: "/", tokenSecret: "my token" },
      services: { orders: builtInService() },
    });
    expect(problems).toEqual([
      expect.stringMatching(/^operator\.prefix: /),
      expect.stringMatching(/^operator\.tokenSecret: /),
    ]);
  });
});

describe("the memory of all filters", () => {
  it.each([
    [{ highBytes: 1 }, "memory.highBytes"],
    [{ hardBytes: 129 * 1024 * 1024 }, "memory.hardBytes"],
    [{ collectAfterMs: -1 }, "memory.collectAfterMs"],
    [{ highBytes: 110 * 1024 * 1024 }, "memory.highBytes"],
    [{ highBytes: 60_000_000, hardBytes: 50_000_000 }, "memory.highBytes"],
    [{ lowBytes: 1 }, "memory.lowBytes"],
  ])("cannot be limited by %j", (memory, path) => {
    const [problem, ...others] = problemsOf({ memory, services: { orders: builtInService() } });
    expect(problem).toMatch(new RegExp(`^${path}: `));
    expect(others).toEqual([]);
  });
});

describe("the secret that keys are derived from", () => {
  it("is given by name, and a value in plain text is never repeated", () => {
    const written = "c2VjcmV0LWluLWNsZWFy/+==";
    const problems = problemsOf({ keySecret: written, services: { orders: builtInService() } });
    expect(problems).toEqual([expect.stringMatching(/^keySecret: /)]);
    expect(problems.join()).not.toContain(written);
  });
});

describe("an upstream or cluster", () => {
  it.each([
    "ftp://a.example",
    "//a.example",
    "a.example",
    "https://",
    "https://a.example/?q",
    "https://a.example?",
    "https://a.example/#",
    "https://user@a.example",
    "https://a.example\\b",
    "https://a.example/a/../b",
    "https://a.example/a//b",
    "https://a.example/ä",
    "https://a .example",
    "javascript:alert(1)",
    "",
  ])("cannot have the URL %j", (url) => {
    expect(problemsWith({ upstream: { url } })).toEqual([expect.stringMatching(/^upstream\.url: found/)]);
  });

  it("has either a URL or a binding", () => {
    expect(problemsWith({ upstream: { url: "https://a.example", binding: "A" } })).toEqual([
      expect.stringContaining("either url or binding"),
    ]);
    expect(problemsWith({ upstream: {} })).toHaveLength(1);
    expect(problemsWith({ upstream: { binding: "MY-BINDING" } })).toHaveLength(1);
    expect(problemsWith({ upstream: "https://a.example" })).toHaveLength(1);
  });

  it("has no path if it is a cluster: the path belongs to the call", () => {
    expect(problemsWith({ clusters: { auth: { url: "https://auth.example/base" } } })).toEqual([
      expect.stringContaining("a URL without path; the path belongs to the call"),
    ]);
  });

  it.each([
    { timeoutMs: 0 },
    { timeoutMs: 60_001 },
    { timeoutMs: 1.5 },
    { timeoutMs: Number.NaN },
    { concurrency: 0 },
    { concurrency: 513 },
  ])("cannot have %j if it is a cluster", (limits) => {
    expect(problemsWith({ clusters: { auth: { url: "https://auth.example", ...limits } } })).toHaveLength(1);
  });

  it("must exist if authorization names it; the nearest name is suggested", () => {
    const authorization = { ...forwardAuth, cluster: "atuh" };
    expect(problemsWith({ authorization })).toEqual([expect.stringContaining('did you mean "auth"?')]);
    expect(problemsWith({ clusters: {} })).toEqual([expect.stringMatching(/^authorization\.cluster: .*none yet/)]);
    const subject = { cluster: "idp", path: "/i", clientAuthentication: { type: "none" } };
    expect(problemsWith({ authorization: { protocol: "authzen", cluster: "auth", subject } })).toEqual([
      expect.stringMatching(/^authorization\.subject\.cluster: /),
    ]);
  });
});

describe("an authorization", () => {
  it("with an unknown protocol gets a list of the known ones", () => {
    expect(problemsWith({ authorization: { protocol: "ldap" } })).toEqual([
      expect.stringMatching(/^authorization\.protocol: found "ldap"; .*"forward-auth"/),
    ]);
    expect(problemsWith({ authorization: "opa" })).toHaveLength(1);
  });

  it("has no fields of another protocol", () => {
    const claims = { ...forwardAuth, upstreamClaims: { sub: "x-user" } };
    expect(problemsWith({ authorization: claims })).toEqual([
      expect.stringMatching(/^authorization\.upstreamClaims: /),
    ]);
    const uri = { ...introspection, uri: "path" };
    expect(problemsWith({ authorization: uri })).toEqual([expect.stringMatching(/^authorization\.uri: /)]);
  });

  it.each<[object, string[]]>([
    [forwardAuth, ["authorization", "x-forwarded-host", "accept-encoding"]],
    [{ ...forwardAuth, requestHeaders: ["x-tenant"] }, ["x-tenant"]],
    [introspection, ["content-type", "Accept"]],
    [{ ...introspection, clientAuthentication: { type: "bearer", token: secret("TOKEN") } }, ["authorization"]],
    [{ protocol: "opa", cluster: "auth", path: "/v1/data/a" }, ["content-type"]],
  ])("cannot send a fixed header with a call that has one of that name: %j %j", (authorization, names) => {
    for (const name of names) {
      const headers = { [name]: secret("VALUE") };
      expect(problemsWith({ authorization: { ...authorization, headers } })).toEqual([
        expect.stringMatching(/^authorization\.headers\.\S+: .*the gateway itself sets this one/),
      ]);
    }
    expect(problemsWith({ authorization: { ...authorization, headers: { "x-key": "a" } } })).toEqual([]);
  });

  it("cannot send a fixed header with the subject's call that has one of that name", () => {
    const { protocol: _, ...asked } = introspection;
    const subject = { ...asked, headers: { accept: "a" } };
    expect(problemsWith({ authorization: { protocol: "opa", cluster: "auth", path: "/v1/data/a", subject } })).toEqual([
      expect.stringMatching(/^authorization\.subject\.headers\.accept: /),
    ]);
  });

  it.each<[object, RegExp]>([
    [{ audience: [] }, /^authorization\.expect\.audience: /],
    [{ audience: "" }, /^authorization\.expect\.audience: /],
    [{ audience: 7 }, /^authorization\.expect\.audience: /],
    [{ audience: ["a", null] }, /^authorization\.expect\.audience\[1\]: /],
    [{ issuer: ["https://a.example"] }, /^authorization\.expect\.issuer: /],
    [{ clientIds: "web" }, /^authorization\.expect\.clientIds: /],
    [{ audiences: ["a"] }, /^authorization\.expect\.audiences: /],
  ])("cannot expect %j of a token", (expected, problem) => {
    const authorization = { ...introspection, expect: expected };
    expect(problemsWith({ authorization })).toEqual([expect.stringMatching(problem)]);
  });

  it.each(["check", "//evil.example/check", "/a b", "/a#b", "/ä", ""])("cannot call the path %j", (path) => {
    expect(problemsWith({ authorization: { ...forwardAuth, path } })).toHaveLength(1);
  });

  it.each(["", "x user", "x-user:", "host", "Cookie", "authorization", "content-length", "x-ebb-a", "x_ebb_a", "te"])(
    "cannot put the header %j into the upstream's request",
    (name) => {
      expect(problemsWith({ authorization: { ...forwardAuth, upstreamHeaders: [name] } })).toHaveLength(1);
      expect(problemsWith({ identityHeaders: [name] })).toHaveLength(1);
      const claims = { ...introspection, upstreamClaims: { sub: name } };
      expect(problemsWith({ authorization: claims })).toHaveLength(1);
    },
  );

  it("cannot read headers that the gateway removes from every request", () => {
    const sent = { authorization: { ...forwardAuth, requestHeaders: ["x-user"] }, identityHeaders: ["X_User"] };
    expect(problemsWith(sent)).toEqual([expect.stringMatching(/^authorization\.requestHeaders\[0\]: /)]);
    const credential = { credentials: [{ from: "header", name: "x-key" }], identityHeaders: ["x-key"] };
    expect(problemsWith(credential)).toEqual([expect.stringMatching(/^credentials\[0\]\.name: /)]);
  });

  it("cannot read headers that do not pass the gateway", () => {
    for (const name of ["x_tenant", "connection", "host"]) {
      expect(problemsWith({ authorization: { ...forwardAuth, requestHeaders: [name] } })).toHaveLength(1);
      expect(problemsWith({ credentials: [{ from: "header", name }] })).toHaveLength(1);
    }
  });
});

describe("rules", () => {
  it.each([
    "orders",
    "/orders/",
    "/orders//a",
    "/orders/../a",
    "/orders/%41",
    "/orders/{id}",
    "/orders/<id>",
    "/orders/[id]",
    "/orders/[...rest]",
    "/orders/*/a",
    "/orders/a*",
    "/orders/:",
    "/orders/a?b",
  ])("cannot have the path %j", (path) => {
    expect(problemsWith({ rules: [{ path }] })).toEqual([expect.stringMatching(/^rules\[0\]\.path: found/)]);
  });

  it("are refused outside the service's prefix, where they could never match", () => {
    expect(problemsWith({ rules: [{ path: "/health", public: true }] })).toEqual([
      expect.stringContaining('under the service\'s prefix "/orders"'),
    ]);
    expect(problemsWith({ rules: [{ path: "/:any/health" }, { path: "/*" }] })).toEqual([]);
  });

  it("are refused if an earlier rule matches everything they match", () => {
    const rules = [
      { path: "/orders/:id", methods: ["GET"] },
      { path: "/orders/admin", methods: ["GET", "HEAD"], scopes: ["admin"] },
      { path: "/orders/admin", methods: ["GET", "POST"], scopes: ["admin"] },
      { path: "/orders/x/*", scopes: ["x"] },
      { path: "/orders/x/y", public: true },
    ];
    expect(problemsWith({ rules })).toEqual([
      expect.stringMatching(/^rules\[1\]\.path: .*rules\[0\] matches all of it first/),
      expect.stringMatching(/^rules\[4\]\.path: .*rules\[3\] matches all of it first/),
    ]);
  });

  it("are either public or have scopes or a permission", () => {
    expect(problemsWith({ rules: [{ path: "/orders/a", public: true, scopes: ["a"] }] })).toHaveLength(1);
    expect(problemsWith({ rules: [{ path: "/orders/a", public: false }] })).toHaveLength(1);
    expect(problemsWith({ rules: [{ path: "/orders/a", scopes: [] }] })).toHaveLength(1);
    expect(problemsWith({ rules: [{ path: "/orders/a", scopes: ['a"b'] }] })).toHaveLength(1);
    expect(problemsWith({ rules: [{ path: "/orders/a", methods: ["get"] }] })).toHaveLength(1);
  });

  it("cannot require a permission with introspection, which would never check it", () => {
    const rules = [{ path: "/orders/a", permission: "p" }];
    expect(problemsWith({ authorization: introspection, rules })).toEqual([
      expect.stringMatching(/^rules\[0\]\.permission: .*scopes/),
    ]);
    expect(problemsWith({ rules })).toEqual([]);
  });

  it.each([
    [{ identityHeaders: ["x-auth-*", "Cf-Access-Jwt-Assertion", "X_User", "whatever"] }, []],
    [{ identityHeaders: ["*"] }, ["identityHeaders[0]"]],
    [{ identityHeaders: ["x*"] }, ["identityHeaders[0]"]],
    [{ identityHeaders: ["x-*-user"] }, ["identityHeaders[0]"]],
    [{ identityHeaders: ["x.user"] }, ["identityHeaders[0]"]],
    [{ identityHeaders: ["cf-*"] }, ["identityHeaders[0]"]],
    [{ identityHeaders: ["X_Forwarded_Prefix"] }, ["identityHeaders[0]"]],
    [{ authorization: { ...forwardAuth, upstreamHeaders: ["x-auth-*"] } }, ["authorization.upstreamHeaders[0]"]],
    [{ preflight: { answer: { origins: ["https://*.example.com", "http://*.a.example:8080"] } } }, []],
    [{ preflight: { answer: { origins: ["https://*.com"] } } }, ["preflight.answer.origins[0]"]],
    [{ preflight: { answer: { origins: ["https://a.*.com"] } } }, ["preflight.answer.origins[0]"]],
    [{ preflight: { answer: { origins: ["https://*"] } } }, ["preflight.answer.origins[0]"]],
    [{ preflight: { answer: { origins: ["https://*.example.com/"] } } }, ["preflight.answer.origins[0]"]],
    [{ rules: [{ path: "/orders/a", methods: ["TRACE"], public: true }] }, ["rules[0].methods[0]"]],
    [{ rules: [{ path: "/orders/a", methods: ["DELTE"], scopes: ["a"] }] }, ["rules[0].methods[0]"]],
    [{ rules: [{ path: "/orders/a", methods: ["get"], scopes: ["a"] }] }, ["rules[0].methods[0]"]],
    [{ rules: [{ path: "/orders/Mu\u0308nchen", public: true }] }, ["rules[0].path"]],
    [{ rules: [{ path: "/orders/\ud800", public: true }] }, ["rules[0].path"]],
    [{ rules: [{ path: "/orders/ ./a", public: true }] }, ["rules[0].path"]],
    [{ rules: [{ path: "/orders/a\uff0fb", public: true }] }, ["rules[0].path"]],
    [
      {
        rules: [
          { path: "/orders/*", methods: ["GET"], public: true },
          { path: "/orders/:id", methods: ["POST"], public: true },
          { path: "/orders/a", methods: ["HEAD", "POST"], scopes: ["a"] },
        ],
      },
      ["rules[2].path"],
    ],
    [
      {
        rules: [
          { path: "/orders/Admin/*", public: true },
          { path: "/orders/admin/*", scopes: ["a"] },
        ],
      },
      ["rules[1].path"],
    ],
    [{ route: { hosts: ["a.example"], stripPrefix: true } }, ["route.stripPrefix"]],
    [{ route: { prefix: "/orders." } }, ["route.prefix"]],
    [{ clusters: { auth: { binding: "AUTH", host: "auth:99999" } } }, ["clusters.auth.host"]],
    [{ credentials: [{ from: "header", name: "X-Forwarded-Host" }] }, ["credentials[0].name"]],
    [{ identityHeaders: ["content-*"] }, ["identityHeaders[0]"]],
    [{ identityHeaders: ["accept-*"] }, ["identityHeaders[0]"]],
    [{ identityHeaders: ["If-Match"] }, ["identityHeaders[0]"]],
    [{ identityHeaders: ["sec-websocket-key"] }, ["identityHeaders[0]"]],
    [{ authorization: { ...forwardAuth, upstreamHeaders: ["x-user", "X_User"] } }, ["authorization.upstreamHeaders"]],
    [{ authorization: { ...forwardAuth, requestHeaders: ["accept", "Accept"] } }, ["authorization.requestHeaders"]],
    [
      { authorization: { protocol: "opa", cluster: "auth", path: "/v1/data/x", headers: { "X-A": "1", "x-a": "2" } } },
      ["authorization.headers"],
    ],
    [
      { identityHeaders: ["x-user"], preflight: { answer: { origins: ["*"], headers: ["accept", "X-User"] } } },
      ["preflight.answer.headers[1]"],
    ],
    [
      {
        credentials: [
          { from: "cookie", name: "a" },
          { from: "header", name: "a" },
          { from: "cookie", name: "A" },
        ],
      },
      [],
    ],
    [
      {
        credentials: [
          { from: "cookie", name: "a" },
          { from: "cookie", name: "a" },
        ],
      },
      ["credentials[1]"],
    ],
    [
      {
        credentials: [
          { from: "authorization", schemes: ["Bearer"] },
          { from: "authorization", schemes: ["Basic", "bearer"] },
        ],
      },
      ["credentials[1]"],
    ],
  ])("refuses a value that would match nothing: %j", (fields, paths) => {
    expect(problemsWith(fields).map((problem) => problem.split(":")[0])).toEqual(paths);
  });

  it.each(["forward-auth", "authzen", "opa"])(
    "can require scopes and permissions with %s only if enforcesScopes is set",
    (protocol) => {
      const authorization = { protocol, cluster: "auth", path: "/v1/data/check" };
      const rules = [{ path: "/orders/a", scopes: ["a"], permission: "p" }];
      expect(problemsWith({ authorization, rules })).toEqual([
        expect.stringMatching(/^rules\[0\]\.permission: .*introspection.*enforcesScopes: true/),
        expect.stringMatching(/^rules\[0\]\.scopes: .*introspection.*enforcesScopes: true/),
      ]);
      expect(problemsWith({ authorization: { ...authorization, enforcesScopes: true }, rules })).toEqual([]);
      expect(problemsWith({ authorization, rules: [{ path: "/orders/a" }] })).toEqual([]);
    },
  );
});

describe("a service with another filter", () => {
  it("gets a hint to its own configuration for fields of the built-in filter", () => {
    const problems = problemsOfOther({
      failOpen: true,
      cache: {},
      credentials: [],
      rules: [{ path: "/orders/a", scopes: ["a"], permission: "p" }],
    });
    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      "cache",
      "credentials",
      "failOpen",
      "rules[0].permission",
      "rules[0].scopes",
    ]);
    expect(problems.every((problem) => problem.includes("configuration"))).toBe(true);
  });

  it("has either an authorization or a configuration", () => {
    expect(problemsWith({ configuration: "" })).toEqual([expect.stringContaining("either authorization")]);
    expect(problemsOfOther({ configuration: undefined })).toEqual([
      expect.stringMatching(/^authorization: found nothing/),
    ]);
  });

  it.each([() => 1, Number.NaN, new Date(), [undefined], { a: 1n }])("cannot be configured by %s", (configuration) => {
    expect(problemsOfOther({ configuration })).toHaveLength(1);
  });

  it("cannot be configured by a cyclic object", () => {
    const endless: Record<string, unknown> = {};
    endless.again = endless;
    expect(problemsOfOther({ configuration: endless })).toHaveLength(1);
  });

  it.each([undefined, "filter.wasm", {}, new Uint8Array(8)])("needs a compiled module, not %s", (filter) => {
    expect(problemsOfOther({ filter })).toEqual([expect.stringMatching(/^filter: found .*import filter from/)]);
  });
});

describe("durations and sizes", () => {
  it.each([
    { cache: { maxTtlMs: 0 } },
    { cache: { maxTtlMs: 86_400_001 } },
    { cache: { denyTtlMs: -1 } },
    { cache: { staleIfErrorMs: 3_600_001 } },
    { cache: { maxBytes: 1_000_000 } },
    { cache: { maxBytes: 65_536 } },
    { cache: { persist: "yes" } },
    { cache: { edgeTtlMs: -1 } },
    { cache: { edgeTtlMs: 60_001 } },
    { cache: { maxBytes: 101 * 1024 * 1024 } },
    { restart: { collectMs: 0 } },
    { restart: { policy: "sometimes" } },
    { restart: { baseline: "median" } },
    { restart: { literal: "ratio" } },
    { restart: { collectMs: 1_000, binMs: 2_000 } },
    { restart: { binMs: 1_000, sampleIntervalMs: 2_000 } },
    { restart: { extraCallsShare: 1.5 } },
    { restart: { extraCallsShare: -0.01 } },
    { restart: { extraCallsShare: Number.NaN } },
    { restart: { extraCallsShare: "1 %" } },
    { restart: { workShare: 0.2 } },
    { restart: { workShare: -1e-4 } },
    { restart: { callFreeGrowth: false } },
    { restart: { callFreeGrowth: { afterMs: 0 } } },
    { restart: { callFreeGrowth: { minBytes: 1 } } },
    { restart: { callFreeGrowth: { minBytes: 17 * 1024 * 1024 } } },
    { restart: { ttlCapMs: 60_000, ttlDefaultMs: 60_001 } },
    { restart: { minLifetimeMs: 0 } },
    { restart: { maxUptimeMs: 59_999 } },
    { restart: { maxUptimeMs: 31 * 86_400_000 } },
    { restart: { policy: "uptime", uptimeMs: 30_000 } },
    { restart: { policy: "uptime", maxUptimeMs: 1_800_000 } },
    { restart: { hardLimitBytes: 129 * 1024 * 1024 } },
    { restart: { hardLimitBytes: 32 * 1024 * 1024 } },
    { restart: { policy: "threshold", thresholdBytes: 33 * 1024 * 1024 } },
    { restart: { policy: "threshold", thresholdBytes: 1_000 } },
  ])("cannot be %j", (fields) => {
    expect(problemsWith(fields)).toHaveLength(1);
  });

  it("get a message with the allowed values if two of them conflict", () => {
    expect(problemsWith({ restart: { hardLimitBytes: 1_048_576 } })).toEqual([
      "restart.hardLimitBytes: found 1048576; allowed: more than cache.maxBytes (33554432), at which the filter discards old decisions: a restart would lose them all.",
    ]);
    expect(problemsWith({ restart: { policy: "threshold", thresholdBytes: 67_000_000 } })).toEqual([
      expect.stringContaining("at most cache.maxBytes (33554432), beyond which the filter never grows"),
    ]);
    expect(problemsOfOther({ restart: { policy: "threshold", thresholdBytes: 67_108_865 } })).toEqual([
      expect.stringContaining("at most hardLimitBytes (67108864)"),
    ]);
    expect(problemsWith({ restart: { policy: "uptime", uptimeMs: 30_000 } })).toEqual([
      expect.stringContaining("at least minLifetimeMs (60000)"),
    ]);
  });
});

describe("preflight answers", () => {
  it.each([
    { origins: [] },
    { origins: ["https://app.example.com/"] },
    { origins: ["app.example.com"] },
    { origins: ["null"] },
    { origins: ["*", "https://app.example.com"] },
    { origins: ["*"], credentials: true },
    { origins: ["https://app.example.com"], maxAgeSeconds: -1 },
    { origins: ["https://app.example.com"], methods: ["*"] },
    { origins: "null" },
    { origins: "*", credentials: true },
    { origins: "https://APP.example.com" },
    { origins: "https://app.example.com:443" },
    { origins: "https://bücher.example" },
    { origins: ["https://app.example.com\n"] },
    { origins: "*", exposedHeaders: ["*"] },
    { origins: "*", exposedHeaders: ["x_user"] },
  ])("cannot be %j, in either spelling", (cors) => {
    expect(problemsWith({ preflight: { answer: cors } })).toHaveLength(1);
    expect(problemsWith({ cors })).toHaveLength(1);
  });

  it("have one meaning in both spellings, and one of them only", () => {
    const cors = { origins: "https://app.example.com", exposedHeaders: ["X-Request-Id"], credentials: true };
    const [older, newer] = [{ preflight: { answer: cors } }, { cors }].map((fields) => {
      return serviceOf(builtInService(fields));
    });
    expect(older).toEqual(newer);
    expect(newer?.cors).toMatchObject({ origins: ["https://app.example.com"], exposedHeaders: ["x-request-id"] });
    for (const preflight of ["pass", "authorize", { answer: cors }]) {
      expect(problemsWith({ cors, preflight })).toEqual([expect.stringMatching(/^preflight: .*beside cors/)]);
    }
  });

  it("may have their origins from the environment", () => {
    expect(problemsWith({ cors: { origins: { variable: "APP" } } })).toEqual([]);
    expect(problemsWith({ cors: { origins: [{ variable: "APP" }, "https://a.example"] } })).toEqual([]);
  });

  it("are one of three", () => {
    expect(problemsWith({ preflight: "pass" })).toEqual([]);
    expect(problemsWith({ preflight: "deny" })).toHaveLength(1);
    expect(problemsWith({ preflight: { answer: { origins: ["*"] } } })).toEqual([]);
  });
});
