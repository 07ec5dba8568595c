import { expect, it } from "vitest";
import { resolveGateway } from "../../config/index.ts";
import type { GatewayInput } from "../../config/input.ts";
import { clusterBinding, withStandIns } from "./stand-ins.ts";

const input: GatewayInput = {
  services: {
    orders: {
      route: { prefix: "/orders" },
      upstream: { url: "https://orders.example" },
      filter: new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      clusters: {
        auth: { url: "https://auth.example:8443", timeoutMs: 500 },
        bound: { binding: "AUTH" },
        named: { binding: "AUTH", host: "named.example" },
        numeric: { url: "http://[::1]:8080" },
        varying: { url: { variable: "AUTH_URL" } },
      },
      enforcement: { mode: "report-only", until: "2126-01-31" },
      cache: { persist: true },
    },
  },
};

const environment = { AUTH_URL: "https://varying.example" };

function resolved(gateway: GatewayInput) {
  const result = resolveGateway(gateway);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.gateway.services[0]!;
}

it("makes every cluster a binding of its own, which keeps its host and limits", () => {
  const { clusters } = resolved(withStandIns(input, environment));
  expect(clusters.auth).toMatchObject({
    binding: clusterBinding(0, 0),
    authority: "auth.example:8443",
    timeoutMs: 500,
  });
  expect(clusters.bound).toMatchObject({ binding: clusterBinding(0, 1), authority: "bound" });
  expect(clusters.named).toMatchObject({ binding: clusterBinding(0, 2), authority: "named.example" });
  expect(clusters.varying).toMatchObject({ binding: clusterBinding(0, 4), authority: "varying.example" });
});

it("leaves an address that no binding can have, and everything else", () => {
  const before = resolved(input);
  const after = resolved(withStandIns(input, environment));
  expect(after.clusters.numeric).toEqual(before.clusters.numeric);
  const { clusters: _, enforcement: __, version: ___, ...others } = before;
  expect(after).toMatchObject(others);
});

it("enforces where the service only reports", () => {
  expect(resolved(withStandIns(input, environment)).enforcement).toEqual({ mode: "enforce" });
});
