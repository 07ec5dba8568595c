import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findService } from "./find-service.ts";
import { builtInService, gatewayOf } from "./testing/inputs.ts";

function find(routes: Record<string, object>, host: string, path: string): string | undefined {
  const services = Object.entries(routes).map(([name, route]) => [name, builtInService({ route })]);
  return findService(gatewayOf(Object.fromEntries(services)), host, path)?.name;
}

describe("a prefix", () => {
  it.each([
    ["/orders", "orders"],
    ["/orders/", "orders"],
    ["/orders/1", "orders"],
    ["/ordersX", undefined],
    ["/ordersX/1", undefined],
    ["/Orders", undefined],
    ["/order", undefined],
    ["/", undefined],
    ["/x/orders", undefined],
  ])("/orders and the path %s: %s", (path, service) => {
    expect(find({ orders: { prefix: "/orders" } }, "any.example", path)).toBe(service);
  });

  it("that is longer wins, in any order of services", () => {
    const routes = { all: { prefix: "/" }, admin: { prefix: "/orders/admin" }, orders: { prefix: "/orders" } };
    expect(find(routes, "h", "/orders/admin/1")).toBe("admin");
    expect(find(routes, "h", "/orders/adminX")).toBe("orders");
    expect(find(routes, "h", "/else")).toBe("all");
  });
});

describe("a host", () => {
  const routes = {
    any: { prefix: "/" },
    wide: { hosts: ["*.example.org"] },
    narrow: { hosts: ["*.eu.example.org"] },
    exact: { hosts: ["api.eu.example.org"] },
  };

  it.each([
    ["api.eu.example.org", "exact"],
    ["API.EU.example.org:8787", "exact"],
    ["api.eu.example.org.", "exact"],
    ["b.eu.example.org", "narrow"],
    ["a.b.eu.example.org", "narrow"],
    ["eu.example.org", "wide"],
    ["example.org", "any"],
    ["evilexample.org", "any"],
    ["example.org.evil.test", "any"],
    ["[::1]:80", "any"],
    ["", "any"],
  ])("%s belongs to the service %s", (host, service) => {
    expect(find(routes, host, "/x")).toBe(service);
  });

  it("takes precedence over the length of a prefix", () => {
    const both = { deep: { prefix: "/a/b" }, host: { hosts: ["api.example.org"], prefix: "/a" } };
    expect(find(both, "api.example.org", "/a/b")).toBe("host");
    expect(find(both, "other.example.org", "/a/b")).toBe("deep");
  });

  it("that matches with another prefix does not shadow services of less specific hosts", () => {
    const both = { orders: { prefix: "/orders" }, host: { hosts: ["api.example.org"], prefix: "/a" } };
    expect(find(both, "api.example.org", "/orders")).toBe("orders");
  });
});

describe("the operator's paths", () => {
  it("belong to no service, even if one covers everything", () => {
    expect(find({ all: { prefix: "/" } }, "h", "/stats")).toBeUndefined();
    expect(find({ all: { prefix: "/" } }, "h", "/stats/x")).toBeUndefined();
    expect(find({ all: { prefix: "/" } }, "h", "/statsX")).toBe("all");
  });

  it("outside of the prefix are single paths", () => {
    for (const path of ["/metrics", "/healthz"]) {
      expect(find({ all: { prefix: "/" } }, "h", path)).toBeUndefined();
      for (const other of [`${path}/`, `${path}/x`, `${path}x`]) {
        expect(find({ all: { prefix: "/" } }, "h", other)).toBe("all");
      }
    }
    const services = { all: builtInService({ route: { prefix: "/" } }) };
    const moved = gatewayOf(services, { operator: { metricsPath: "/ops/metrics", healthPath: false } });
    expect(findService(moved, "h", "/ops/metrics")).toBeUndefined();
    for (const path of ["/metrics", "/healthz"]) expect(findService(moved, "h", path)?.name).toBe("all");
  });
});

describe("the operator's host", () => {
  const services = {
    all: builtInService({ route: { prefix: "/" } }),
    sites: builtInService({ route: { hosts: ["*.example.com"] }, upstream: { url: "https://sites.example" } }),
  };
  const gateway = gatewayOf(services, { operator: { host: "Ops.example.com" } });

  it.each(["ops.example.com", "OPS.example.com", "ops.example.com.", "ops.example.com:8443", "ops.example.com.:443"])(
    "is no service's, also as %s",
    (host) => {
      for (const path of ["/", "/orders", "/stats", "/metrics"]) {
        expect(findService(gateway, host, path)).toBeUndefined();
      }
    },
  );

  it.each([
    ["shops.example.com", "sites"],
    ["a.ops.example.com", "sites"],
    ["ops.example.com.evil.example", "all"],
    ["ops.example", "all"],
    ["ops_example.com", "all"],
  ])("is not %s", (host, name) => {
    expect(findService(gateway, host, "/")?.name).toBe(name);
  });
});

describe("findService", () => {
  const segment = fc.stringMatching(/^[a-c]{1,2}$/);
  const path = fc.array(segment, { maxLength: 3 }).map((segments) => `/${segments.join("/")}`);

  it("returns the service with the longest prefix in whole segments", () => {
    fc.assert(
      fc.property(fc.uniqueArray(path, { minLength: 1, maxLength: 5 }), path, (prefixes, requested) => {
        const routes = Object.fromEntries(prefixes.map((prefix, index) => [`s${index}`, { prefix }]));
        const covering = prefixes.filter((prefix) => `${requested}/`.startsWith(prefix === "/" ? "/" : `${prefix}/`));
        const longest = covering.toSorted((a, b) => b.length - a.length)[0];
        const expected = longest === undefined ? undefined : `s${prefixes.indexOf(longest)}`;
        expect(find(routes, "h", requested)).toBe(expected);
      }),
    );
  });
});
