import { expect, test } from "vitest";
import { resolveGateway } from "../../config/index.ts";
import type { GatewayInput, ServiceInput } from "../../config/input.ts";
import { quicken } from "./quicken.ts";

/** The smallest valid module: only a header. */
const filter = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

const common = { route: { prefix: "/orders" }, upstream: { binding: "ORDERS" }, filter } as const;
const forwardAuth: ServiceInput = {
  ...common,
  authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", upstreamHeaders: ["x-user"] },
  clusters: { auth: { binding: "AUTH" } },
  cache: { denyTtlMs: 1_000, maxBytes: 2_097_152 },
  restart: { policy: "never" },
};

function quickened(service: ServiceInput): ServiceInput | undefined {
  return quicken({ services: { service } }).services.service;
}

test("decisions and instances live a thirtieth of the default", () => {
  const service = quickened(forwardAuth);
  expect(service?.restart).toMatchObject({ collectMs: 30_000, binMs: 2_000, ttlCapMs: 20_000 });
  expect(service?.cache).toMatchObject({ maxTtlMs: 20_000 });
});

test("other settings stay as configured", () => {
  const service = quickened(forwardAuth);
  expect(service?.restart?.policy).toBe("never");
  expect(service?.cache).toMatchObject({ denyTtlMs: 1_000, maxBytes: 2_097_152 });
});

test("the profile is added to the cached headers", () => {
  const service = quickened(forwardAuth);
  expect(service?.authorization).toMatchObject({ upstreamHeaders: ["x-user", "x-profile"] });
});

test("introspection and other filters only get the shorter restart", () => {
  const introspection: ServiceInput = {
    ...forwardAuth,
    authorization: {
      protocol: "introspection",
      cluster: "auth",
      path: "/introspect",
      clientAuthentication: { type: "none" },
    },
  };
  expect(quickened(introspection)?.authorization).toEqual(introspection.authorization);
  const other: ServiceInput = { ...common, configuration: { any: "thing" } };
  const restart = {
    collectMs: 30_000,
    binMs: 2_000,
    ttlCapMs: 20_000,
    ttlDefaultMs: 20_000,
    sampleIntervalMs: 1_000,
    minLifetimeMs: 2_000,
  };
  expect(quickened(other)).toEqual({ ...other, restart });
});

test("a valid gateway stays valid", () => {
  const gateway: GatewayInput = { services: { orders: forwardAuth } };
  expect(resolveGateway(quicken(gateway))).toMatchObject({ ok: true });
});
