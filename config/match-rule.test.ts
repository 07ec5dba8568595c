import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchRule } from "./match-rule.ts";
import { resolveRule as ruleOf } from "./schema/rules.ts";
import { builtInService, serviceOf } from "./testing/inputs.ts";

function match(rules: object[], method: string, path: string, unmatched = "authenticate"): string {
  const service = serviceOf(builtInService({ route: { prefix: "/" }, rules, unmatched }));
  const matched = matchRule(service, method, path);
  return matched.kind === "authorize" ? matched.ruleName : matched.kind;
}

const restricted = { scopes: ["s"] };

describe("a path pattern", () => {
  it.each([
    ["/orders/:id", "/orders/1", true],
    ["/orders/:id", "/orders/", false],
    ["/orders/:id", "/orders", false],
    ["/orders/:id", "/orders/1/2", false],
    ["/orders/*", "/orders", true],
    ["/orders/*", "/orders/", true],
    ["/orders/*", "/orders/a/b/c", true],
    ["/orders/*", "/ordersX", false],
    ["/orders/:id/items", "/orders/1/items", true],
    ["/orders/:id/*", "/orders/1", true],
    ["/orders/:id/*", "/orders", false],
    ["/Orders", "/orders", true],
    ["/orders/a b", "/orders/a%20b", true],
    ["/orders/café", "/orders/caf%C3%A9", true],
    ["/orders/café", "/orders/caf%c3%a9", true],
    ["/orders/a+b", "/orders/a%2Bb", true],
    ["/*", "/", true],
    ["/", "/", true],
    ["/", "/x", false],
  ])("%s and the path %s: %s", (pattern, path, matches) => {
    expect(match([{ path: pattern, ...restricted }], "GET", path)).toBe(matches ? "rule-0" : "authenticate");
  });
});

describe("the rules of a service", () => {
  it("are tried in order; the first match wins", () => {
    const rules = [
      { path: "/orders/health", public: true },
      { path: "/orders/:id", ...restricted },
      { path: "/orders/*", permission: "p" },
    ];
    expect(match(rules, "GET", "/orders/health")).toBe("public");
    expect(match(rules, "GET", "/orders/1")).toBe("rule-1");
    expect(match(rules, "GET", "/orders/1/2")).toBe("rule-2");
  });

  it("share one name if they require no scopes or permission", () => {
    expect(match([{ path: "/orders" }], "GET", "/orders")).toBe("authenticate");
    expect(match([], "GET", "/orders")).toBe("authenticate");
  });

  it("may be an exhaustive list", () => {
    expect(match([{ path: "/orders" }], "GET", "/orders", "deny")).toBe("authenticate");
    expect(match([{ path: "/orders" }], "GET", "/other", "deny")).toBe("deny");
  });
});

describe("a rule's methods", () => {
  const rules = [{ path: "/a", methods: ["GET", "PUT"], ...restricted }];

  it.each([
    ["GET", "rule-0"],
    ["HEAD", "rule-0"],
    ["PUT", "rule-0"],
    ["POST", "authenticate"],
    ["get", "authenticate"],
  ])("GET and PUT, and the method %s: %s", (method, name) => {
    expect(match(rules, method, "/a")).toBe(name);
  });

  it("do not extend HEAD to GET", () => {
    expect(match([{ path: "/a", methods: ["HEAD"], ...restricted }], "GET", "/a")).toBe("authenticate");
  });
});

describe("a path that a lenient upstream reads as another", () => {
  it.each([
    "/admin/",
    "/admin;x=1",
    "/admin;/",
    "/admin%3Bx",
    "/Admin",
    "/ADMIN/",
    "/admin.",
    "/admin%20",
    "/Admin.;x/",
  ])("%s is covered by a rule with scopes", (path) => {
    expect(match([{ path: "/admin", ...restricted }], "GET", path)).toBe("rule-0");
  });

  it.each([
    "/%20admin",
    "/admin%C2%A0",
    "/admin%E2%80%8B.",
    "/%C5%BFecret",
    "/admin.json",
    "/ADMIN.Json;x",
    "/admin/%20/",
    "/admin/.%20.",
    "/secret.json-x",
    "/secret.a.b.c",
    "/secret%3Fx",
    "/secret%23x/y",
    "/se%E2%80%8Ccret",
    "/secret%EF%BC%9Bx",
    "/secret::$DATA",
  ])("%s too", (path) => {
    const rules = [
      { path: "/admin", ...restricted },
      { path: "/secret", ...restricted },
      { path: "/*", public: true },
    ];
    expect(match(rules, "GET", path)).toMatch(/^rule-[01]$/);
  });

  it("is covered by the stricter of two rules, or by neither if none requires everything that the other does", () => {
    const rules = [
      { path: "/a/b", scopes: ["read"] },
      { path: "/a/c", scopes: ["read", "write"] },
      { path: "/a/d", permission: "p" },
      { path: "/a/:x", scopes: ["read", "admin"] },
    ];
    expect(match(rules, "GET", "/a/b")).toBe("rule-0");
    expect(match(rules, "GET", "/a/B")).toBe("rule-3");
    expect(match(rules, "GET", "/a/C")).toBe("ambiguous");
    expect(match(rules, "GET", "/a/d.json")).toBe("ambiguous");
    expect(match(rules, "GET", "/a/e.json")).toBe("rule-3");
  });

  it("is covered by the rule whose claims are certainly stricter, or by neither", () => {
    const rules = [
      { path: "/a/B", claims: { role: "admin" } },
      { path: "/a/b", claims: { role: { in: ["admin", "staff"] } } },
      { path: "/a/C", scopes: { anyOf: ["x", "y"] } },
      { path: "/a/c", scopes: { anyOf: ["y", "z"] } },
    ].map((rule, index) => ruleOf(rule, index));
    const matched = (path: string) => matchRule({ rules, unmatched: "authenticate", paths: "lenient" }, "GET", path);
    expect(matched("/a/b;x")).toEqual({ kind: "authorize", ruleName: "rule-0" });
    expect(matched("/a/c;x")).toEqual({ kind: "ambiguous" });
  });

  it.each(["/stra%C3%9Fe/x", "/STRASSE/x", "/Stra%E1%BA%9Ee/x", "/stra%C5%BF%C5%BFe./y"])(
    "%s matches /straße/:x in any capitalization",
    (path) => {
      const rules = [
        { path: "/straße/:x", ...restricted },
        { path: "/*", public: true },
      ];
      expect(match(rules, "GET", path)).toBe("rule-0");
    },
  );

  it("may be a name with dots followed by a suffix", () => {
    const rules = [
      { path: "/v1.2", ...restricted },
      { path: "/*", public: true },
    ];
    expect(match(rules, "GET", "/V1.2.a.b")).toBe("rule-0");
    expect(match(rules, "GET", `/v1.2${".a".repeat(1_000)}`)).toBe("rule-0");
    expect(match(rules, "GET", "/v1.3")).toBe("public");
  });

  it("may match several rules in different spellings, and the strictest counts", () => {
    const rules = [
      { path: "/Admin/*", public: true },
      { path: "/admin/:x", ...restricted },
      { path: "/*", public: true },
    ];
    for (const path of ["/ADMIN/x", "/Admin/x", "/admin/X;y"]) expect(match(rules, "GET", path)).toBe("rule-1");
  });

  it("is read quickly even with thousands of dots and blanks", () => {
    const rules = [{ path: "/admin", ...restricted }];
    // The quickest of five, because another process may take the core meanwhile.
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      for (const filling of [".", "%20.", ";", ":"]) match(rules, "GET", `/${filling.repeat(8_000 / filling.length)}a`);
      return performance.now() - started;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });

  it("may be a file that a rule names with its suffix", () => {
    const rules = [
      { path: "/favicon.ico", public: true },
      { path: "/assets/*", public: true },
    ];
    expect(match(rules, "GET", "/favicon.ico")).toBe("public");
    expect(match(rules, "GET", "/assets/App.v1.js")).toBe("public");
  });

  it("is denied if one of its readings has no rule and unmatched paths are denied", () => {
    expect(match([{ path: "/health", public: true }], "GET", "/Health", "deny")).toBe("deny");
    expect(match([{ path: "/health" }], "GET", "/health.json", "deny")).toBe("deny");
  });

  it("is a separate path if the upstream reads paths literally", () => {
    const rules = [
      { path: "/admin", scopes: ["s"] },
      { path: "/*", public: true },
    ];
    const service = serviceOf(builtInService({ route: { prefix: "/" }, rules, paths: "literal" }));
    expect(matchRule(service, "GET", "/admin")).toMatchObject({ kind: "authorize" });
    expect(matchRule(service, "GET", "/Admin")).toEqual({ kind: "public" });
  });

  it.each(["/health/", "/health;x", "/health/x", "/healthX", "/Health", "/health."])(
    "%s is not covered by the public rule /health",
    (path) => {
      expect(match([{ path: "/health", public: true }], "GET", path)).toBe("authenticate");
    },
  );

  it("is denied if it cannot be decoded, even if everything is public", () => {
    expect(match([{ path: "/*", public: true }], "GET", "/%ff")).toBe("deny");
  });
});

describe("matchRule", () => {
  const respell = (path: string) =>
    fc
      .tuple(
        fc.mixedCase(fc.constant(path)),
        fc.array(fc.constantFrom("", ";x", "%20", ".", "%C2%A0", "..", ".%20;y=1", "%E2%80%8B", "%EF%BC%9B"), {
          minLength: 4,
          maxLength: 4,
        }),
        fc.constantFrom("", "/", ".json", "/%20", "/;a", ".x-y.z", "%3Fq", "%23/f"),
      )
      .map(
        ([cased, ends, last]) =>
          cased
            .split("/")
            .map((segment, n) => (segment === "" ? "" : segment + ends[n % 4]))
            .join("/") + last,
      );

  it("never requires less for another spelling of a path", () => {
    const access = fc.constantFrom<object>(
      { public: true },
      {},
      { scopes: ["a"] },
      { scopes: ["a", "b"] },
      { permission: "p" },
    );
    const paths = ["/a", "/a/b", "/a/:x", "/a/b/*", "/*", "/:x/b", "/B/c", "/b/C"];
    const rules = fc.array(fc.record({ path: fc.constantFrom(...paths), access }), { maxLength: 4 });
    const needs = (all: { path: string; access: object }[], unmatched: string, path: string) => {
      const service = {
        rules: all.map((rule, n) => ruleOf({ path: rule.path, ...rule.access }, n)),
        unmatched,
        paths: "lenient",
      } as const;
      const matched = matchRule(service as never, "GET", path);
      const rule = all.find((_, n) => matched.kind === "authorize" && matched.ruleName === `rule-${n}`);
      return { kind: matched.kind, access: (rule?.access ?? {}) as { scopes?: string[]; permission?: string } };
    };
    const requested = fc
      .constantFrom("/a", "/a/b", "/a/b/c", "/b/d")
      .chain((path) => fc.tuple(fc.constant(path), respell(path)));
    fc.assert(
      fc.property(rules, fc.constantFrom("authenticate", "deny"), requested, (all, unmatched, [path, spelling]) => {
        const asked = needs(all, unmatched, path);
        const got = needs(all, unmatched, spelling);
        if (got.kind === "deny" || got.kind === "ambiguous") return;
        expect(asked.kind).not.toBe("deny");
        if (asked.kind === "public") return;
        expect(got.kind).toBe("authorize");
        for (const scope of asked.access.scopes ?? []) expect(got.access.scopes).toContain(scope);
        if (asked.access.permission !== undefined) expect(got.access.permission).toBe(asked.access.permission);
      }),
      { numRuns: 2_000 },
    );
  });

  const segment = fc.constantFrom("a", "b", "c");
  const pattern = fc
    .tuple(fc.array(fc.oneof(segment, fc.constant(":p")), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([segments, rest]) => `/${segments.join("/")}${rest ? "/*" : ""}`);
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join("/")}`);

  it("agrees with patterns read as regular expressions", () => {
    fc.assert(
      fc.property(pattern, path, (written, requested) => {
        const expression = written.replace(/:p/g, "[^/]+").replace(/\/\*$/, "(/.*)?");
        const expected = new RegExp(`^${expression}$`).test(requested) ? "rule-0" : "authenticate";
        expect(match([{ path: written, ...restricted }], "GET", requested)).toBe(expected);
      }),
    );
  });

  it("matches a public rule only for the path as written", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const requested = `/${text}`;
        fc.pre(requested !== "/health" && !/%68|%65|%61|%6c|%74/i.test(requested));
        expect(match([{ path: "/health", public: true }], "GET", requested)).not.toBe("public");
      }),
    );
  });
});

describe("where the server gets the pattern of a rule", () => {
  const service = (rules: object[], fields: object = {}) =>
    serviceOf(
      builtInService({
        route: { prefix: "/" },
        rules,
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", uri: "rule", enforcesScopes: true },
        ...fields,
      }),
    );
  /** What is sent for a request, or what happens instead. */
  function sent(of: ReturnType<typeof service>, method: string, path: string): string {
    const matched = matchRule(of, method, path);
    if (matched.kind !== "authorize") return matched.kind;
    return of.rules.find(({ name }) => name === matched.ruleName)?.sentUri ?? "the path";
  }

  it("each rule has a name of its own, also two with one pattern", () => {
    const { rules } = service([
      { path: "/orders/:id", methods: ["GET"] },
      { path: "/orders/:id", methods: ["DELETE"] },
      { path: "/health", public: true },
    ]);
    expect(rules.map(({ name, sentUri }) => [name, sentUri])).toEqual([
      ["rule-0", "/orders/:id"],
      ["rule-1", "/orders/:id"],
      ["rule-2", undefined],
    ]);
  });

  it("the method selects the rule, and HEAD counts as GET", () => {
    const of = service([
      { path: "/orders/:id", methods: ["GET"] },
      { path: "/orders/*", methods: ["GET", "DELETE"] },
    ]);
    expect(sent(of, "GET", "/orders/1")).toBe("/orders/:id");
    expect(sent(of, "HEAD", "/orders/1")).toBe("/orders/:id");
    expect(sent(of, "DELETE", "/orders/1")).toBe("/orders/*");
    expect(sent(of, "POST", "/orders/1")).toBe("the path");
    expect(sent(of, "GET", "/other/1")).toBe("the path");
  });

  it.each(["/orders/1/", "/ORDERS/1", "/orders;a/1", "/orders/1.json", "/index.php/orders/1"])(
    "another spelling of a path does not avoid its rule: %s",
    (path) => {
      const of = service([{ path: "/orders/:id" }, { path: "/admin/*", scopes: ["a"] }]);
      expect(sent(of, "GET", path)).toBe("/orders/:id");
    },
  );

  it("a path that may be meant by two rules is refused, whatever their scopes: the server may answer differently", () => {
    const rules = [{ path: "/orders/export" }, { path: "/orders/:id", scopes: ["read"] }];
    const of = service(rules);
    expect(sent(of, "GET", "/orders/export")).toBe("/orders/export");
    expect(sent(of, "GET", "/orders/1")).toBe("/orders/:id");
    expect(sent(of, "GET", "/orders/Export")).toBe("ambiguous");
    expect(sent(of, "GET", "/orders/export.csv")).toBe("ambiguous");
    expect(sent(service(rules, { paths: "literal" }), "GET", "/orders/Export")).toBe("/orders/:id");
  });

  it("a path that may be public and may be meant by a rule is not public", () => {
    const of = service([{ path: "/Open", public: true }, { path: "/:page" }]);
    expect(sent(of, "GET", "/open")).toBe("/:page");
  });

  it("no spelling of a path is sent whole, or as another pattern, if the path itself is sent as a pattern", () => {
    const of = service([
      { path: "/a/b" },
      { path: "/a/:x", scopes: ["s"] },
      { path: "/b/c/d", methods: ["POST"] },
      { path: "/b/*" },
    ]);
    const spellings = fc
      .constantFrom("/a/b", "/a/c", "/b", "/b/c/d")
      .chain((path) =>
        fc.tuple(
          fc.constant(path),
          fc.mixedCase(fc.constant(path)),
          fc.constantFrom("", "/", ";x", ".json", "%20", "."),
          fc.constantFrom("GET", "POST"),
        ),
      );
    fc.assert(
      fc.property(spellings, ([path, spelling, end, method]) => {
        expect([sent(of, method, path), "ambiguous"]).toContain(sent(of, method, spelling + end));
      }),
      { numRuns: 1_000 },
    );
  });
});
