import { describe, expect, test } from "vitest";
import type { GatewayInput } from "../../config/input.ts";
import { joinDemo } from "./join-demo.ts";

/** The smallest valid module: only a header. */
const filter = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

function gatewayWith(upstreamUrl: string, clusterUrl: string): GatewayInput {
  return {
    operator: { prefix: "/ops" },
    services: {
      orders: {
        route: { prefix: "/orders" },
        upstream: { url: upstreamUrl },
        filter,
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
        clusters: { auth: { url: clusterUrl, timeoutMs: 500, concurrency: 3 } },
      },
    },
  };
}

describe("the demo's Workers replace", () => {
  test("an upstream and a cluster whose hosts end in .example", () => {
    const joined = joinDemo(gatewayWith("https://orders.example/v2", "https://auth.example:8443")).services.orders;
    expect(joined?.upstream).toEqual({ binding: "DEMO_UPSTREAM" });
    expect(joined?.clusters).toEqual({
      auth: { binding: "DEMO_AUTHORIZATION", host: "auth.example:8443", timeoutMs: 500, concurrency: 3 },
    });
  });

  test.each(["https://example", "https://a.b.EXAMPLE", "https://a.example.", "http://a.example:80/x"])("%s", (url) => {
    expect(joinDemo(gatewayWith(url, "https://auth.test")).services.orders?.upstream).toEqual({
      binding: "DEMO_UPSTREAM",
    });
  });
});

describe("nothing is changed in", () => {
  test.each([
    "https://orders.example.com",
    "https://example.org",
    "https://notexample",
    "https://real.test/?.example",
    "https://user.example@real.test",
    "not a url",
    "",
  ])("a server that may exist, or that validation will refuse: %j", (url) => {
    const gateway = gatewayWith(url, url);
    expect(joinDemo(gateway)).toEqual(gateway);
  });

  test("service bindings", () => {
    const gateway = gatewayWith("https://orders.example", "https://auth.example");
    const bound = {
      ...gateway.services.orders!,
      upstream: { binding: "ORDERS" },
      clusters: { auth: { binding: "AUTH" } },
    };
    expect(joinDemo({ services: { bound } })).toEqual({ services: { bound } });
  });

  test("the given object: joinDemo returns a new one", () => {
    const gateway = gatewayWith("https://orders.example", "https://auth.example");
    joinDemo(gateway);
    expect(gateway).toEqual(gatewayWith("https://orders.example", "https://auth.example"));
  });

  test("everything else", () => {
    const gateway = gatewayWith("https://orders.example", "https://auth.example");
    const joined = joinDemo(gateway);
    expect(joined.operator).toEqual({ prefix: "/ops" });
    const { upstream: _, clusters: __, ...rest } = gateway.services.orders!;
    expect(joined.services.orders).toMatchObject(rest);
  });
});
