import { expect, it } from "vitest";
import { HostHarness } from "./testing/host-harness.setup.ts";

type Seen = [module: string, name: string, status: number, asked: string | undefined];

function observedHarness(): { host: HostHarness; seen: Seen[] } {
  const host = new HostHarness();
  const seen: Seen[] = [];
  Object.assign(host.services, { hostCalled: (...call: Seen) => seen.push(call) });
  return { host, seen };
}

it("an embedder that watches is told of each call, its status and what it asked for", () => {
  const { host, seen } = observedHarness();
  host.ask("proxy_get_property", host.put("cluster_name"));
  host.ask("proxy_call_foreign_function", [...host.put("compress"), 0, 0]);
  host.call("proxy_grpc_call", [1, 2, 3]);
  host.call("proxy_set_tick_period_milliseconds", [5]);
  expect(seen).toEqual([
    ["env", "proxy_get_property", 1, "cluster_name"],
    ["env", "proxy_call_foreign_function", 1, "compress"],
    ["env", "proxy_grpc_call", 12, undefined],
    ["env", "proxy_set_tick_period_milliseconds", 0, undefined],
  ]);
});

it("an address outside of memory, and a name that is no text, are reported without one", () => {
  const { host, seen } = observedHarness();
  host.ask("proxy_get_property", [-1, 8]);
  host.ask("proxy_get_property", [0, -1]);
  expect(seen.map(([, , , asked]) => asked)).toEqual([undefined, undefined]);
});
