import { expect, it } from "vitest";
import { resolveGateway } from "../../config/index.ts";
import { type GatewayInput, variable } from "../../config/input.ts";
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
      },
      enforcement: { mode: "report-only", until: "2126-01-31" },
      cache: { persist: true },
    },
  },
};

function resolved(gateway: GatewayInput) {
  const result = resolveGateway(gateway);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.gateway.services[0]!;
}

it("makes every cluster a binding of its own, which keeps its host and limits", () => {
  const { clusters } = resolved(withStandIns(input, {}));
  expect(clusters.auth).toMatchObject({
    binding: clusterBinding(0, 0),
    authority: "auth.example:8443",
    timeoutMs: 500,
  });
  expect(clusters.bound).toMatchObject({ binding: clusterBinding(0, 1), authority: "bound" });
  expect(clusters.named).toMatchObject({ binding: clusterBinding(0, 2), authority: "named.example" });
});

it("leaves an address that no binding can have, and everything else", () => {
  const before = resolved(input);
  const after = resolved(withStandIns(input, {}));
  expect(after.clusters.numeric).toEqual(before.clusters.numeric);
  const { clusters: _, enforcement: __, version: ___, ...others } = before;
  expect(after).toMatchObject(others);
});

it("enforces where the service only reports", () => {
  expect(resolved(withStandIns(input, {})).enforcement).toEqual({ mode: "enforce" });
});

it("binds a cluster whose address is a variable, with the host of its value", () => {
  const orders = { ...input.services.orders!, clusters: { auth: { url: variable("AUTH_URL") } } };
  const bound = withStandIns({ services: { orders } } as GatewayInput, { AUTH_URL: "https://auth.example:8443" });
  expect(resolved(bound).clusters.auth).toMatchObject({
    binding: clusterBinding(0, 0),
    authority: "auth.example:8443",
  });
});

it("gives services with the same handler one upstream, and others their own", () => {
  const [app, other] = [{ fetch: () => new Response() }, { fetch: () => new Response() }];
  const served = (handler: typeof app) => ({ ...input.services.orders!, upstream: { handler } });
  const services = { a: served(app), b: served(other), c: served(app) } as GatewayInput["services"];
  const { a, b, c } = withStandIns({ services }, {}).services;
  expect(c!.upstream).toEqual(a!.upstream);
  expect(b!.upstream).not.toEqual(a!.upstream);
});
