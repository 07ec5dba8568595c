import { describe, expect, it } from "vitest";
import { builtInService, gatewayOf } from "./testing/inputs.ts";
import { warningsOf } from "./warnings.ts";

const warnings = (fields: object, gateway: object = {}) =>
  warningsOf(gatewayOf({ orders: builtInService({ ...fields }) }, { ...gateway }));

describe("a warning", () => {
  it("is not given for a sound configuration", () => {
    expect(warnings({})).toEqual([]);
    const local = { upstream: { url: "http://localhost:9000" }, clusters: { auth: { url: "http://127.0.0.1:1" } } };
    expect(warnings(local)).toEqual([]);
  });

  it("names each server with an unencrypted URL", () => {
    const fields = { upstream: { url: "http://orders.internal" }, clusters: { auth: { url: "http://auth.example" } } };
    expect(warnings(fields)).toEqual([
      expect.stringMatching(/^services\.orders\.upstream: http:\/\/orders\.internal is not encrypted/),
      expect.stringMatching(/^services\.orders\.clusters\.auth: http:\/\/auth\.example is not encrypted/),
    ]);
  });

  it("is given for introspection that allows tokens of any other service of the server", () => {
    const asked = { cluster: "auth", path: "/introspect", clientAuthentication: { type: "none" } };
    const warning = (authorization: object) => warnings({ authorization });
    const introspection = { protocol: "introspection", ...asked };
    expect(warning(introspection)).toEqual([expect.stringMatching(/^services\.orders\.authorization\.expect: /)]);
    expect(warning({ ...introspection, expect: { issuer: "https://login.example" } })).toHaveLength(1);
    expect(warning({ ...introspection, expect: { audience: "orders-api" } })).toEqual([]);
    expect(warning({ ...introspection, expect: { clientIds: ["web"] } })).toEqual([]);
    const opa = { protocol: "opa", cluster: "auth", path: "/v1/data/orders", subject: asked };
    expect(warning(opa)).toEqual([expect.stringMatching(/^services\.orders\.authorization\.subject\.expect: /)]);
    expect(warning({ ...opa, subject: { ...asked, expect: { audience: ["a", "b"] } } })).toEqual([]);
  });

  it("is given for a public rule that makes part of a later one public", () => {
    const rules = [
      { path: "/orders/:id/public", public: true },
      { path: "/orders/admin/*", scopes: ["admin"] },
      { path: "/orders/a/b", methods: ["POST"], public: true },
      { path: "/orders/a/:x", methods: ["GET"] },
    ];
    expect(warnings({ rules })).toEqual([
      expect.stringMatching(/^services\.orders\.rules\[0\]: .* rules\[1\]/),
      expect.stringMatching(/^services\.orders\.rules\[0\]: .* rules\[3\]/),
    ]);
  });

  it("is not given for an explicit exception", () => {
    const rules = [
      { path: "/orders/health", public: true },
      { path: "/orders/docs/*", public: true },
      { path: "/orders/*", scopes: ["a"] },
    ];
    expect(warnings({ rules })).toEqual([]);
    expect(warnings({ rules: [{ path: "/orders/:id", public: true }, rules[2]] })).toHaveLength(1);
  });

  describe("for a public rule that leads to paths that another service protects", () => {
    const upstream = { url: "https://x.example" };
    const open = { upstream, rules: [{ path: "/*", public: true }] };
    const warningsBetween = (site: object, admin: object) =>
      warningsOf(
        gatewayOf(
          { site: builtInService({ ...open, ...site }), admin: builtInService({ upstream, ...admin }) },
          { operator: { metricsPath: false, healthPath: false } },
        ),
      );
    const warned = [expect.stringMatching(/^services\.site\.rules\[0\]: .*services\.admin/)];

    it.each([
      [
        "adds a path before the request's",
        { prefix: "/" },
        { prefix: "/admin", stripPrefix: true },
        "https://x.example/internal",
      ],
      ["strips its prefix", { prefix: "/files", stripPrefix: true }, { prefix: "/admin" }, "https://x.example"],
      [
        "has another host",
        { prefix: "/", hosts: ["a.example"] },
        { prefix: "/admin", hosts: ["b.example"] },
        "https://x.example",
      ],
    ])("because one %s", (_, site, admin, url) => {
      expect(warningsBetween({ route: site }, { route: admin, upstream: { url } })).toEqual(warned);
    });

    it("because one only reports", () => {
      const enforcement = { mode: "report-only", until: "2999-01-01" };
      const site = { route: { prefix: "/", hosts: ["a.example"] }, rules: [] };
      const admin = { route: { prefix: "/admin", hosts: ["b.example"] }, upstream: { url: "https://x.example" } };
      const reports = expect.stringMatching(/enforcement: REPORT-ONLY/);
      const opens = expect.stringMatching(
        /^services\.site\.enforcement: while it only reports, .*services\.admin protects/,
      );
      expect(warningsBetween(site, admin)).toEqual([]);
      expect(warningsBetween({ ...site, enforcement }, admin)).toEqual([reports, opens]);
      expect(warningsBetween({ ...site, enforcement }, { ...admin, enforcement })).toEqual([reports, reports]);
    });

    it("is not given if the other service's route takes such paths, or between sites of a bound Worker", () => {
      expect(warningsBetween({ route: { prefix: "/" } }, { route: { prefix: "/admin" } })).toEqual([]);
      const binding = { upstream: { binding: "X" } };
      const site = { route: { prefix: "/", hosts: ["a.example"] }, ...binding };
      expect(warningsBetween(site, { route: { prefix: "/", hosts: ["b.example"] }, ...binding })).toEqual([]);
    });
  });

  it("is given for a limit of calls where none is made", () => {
    const rateLimit = { binding: "LIMITER" };
    const authorization = { protocol: "api-keys", keys: { secret: "KEYS" } };
    expect(warnings({ rateLimit })).toEqual([]);
    expect(warnings({ rateLimit, authorization })).toEqual([
      expect.stringMatching(/^services\.orders\.rateLimit: limits nothing here/),
    ]);
  });

  it("is given for caches that do not fit into the isolate", () => {
    expect(warnings({ cache: { maxBytes: 64 * 65_536 } }, { memory: { highBytes: 4_000_000 } })).toEqual([
      expect.stringContaining("4194304 bytes together"),
    ]);
  });

  describe("for the operator's pages outside the prefix", () => {
    const everything = { route: { prefix: "/" } };
    const operator = (fields: object) => ({ operator: fields });

    it("names a service that would have the path, and the way out", () => {
      expect(warnings(everything)).toEqual([
        expect.stringMatching(/^services\.orders: requests for \/metrics .*set operator\.metricsPath .*or to false$/),
        expect.stringMatching(/^services\.orders: requests for \/healthz .*set operator\.healthPath .*or to false$/),
      ]);
    });

    it("is one for each path, however many services would have it", () => {
      const services = ["a", "b", "c"].map((name) => [
        name,
        builtInService({ route: { hosts: [`${name}.example`] }, upstream: { url: `https://${name}.example` } }),
      ]);
      expect(warningsOf(gatewayOf(Object.fromEntries(services)))).toEqual([
        expect.stringMatching(/^services\.a and 2 more: requests for \/metrics/),
        expect.stringMatching(/^services\.a and 2 more: requests for \/healthz/),
      ]);
    });

    it("is not given for a path that the file sets or switches off, or that no service has", () => {
      expect(warnings(everything, operator({ metricsPath: "/metrics", healthPath: false }))).toEqual([]);
      expect(warnings(everything, operator({ metricsPath: false }))).toEqual([expect.stringContaining("/healthz")]);
      expect(warnings({ route: { prefix: "/orders" } })).toEqual([]);
      expect(warnings(everything, operator({ prefix: "/metrics", healthPath: false }))).toEqual([]);
    });
  });
});
