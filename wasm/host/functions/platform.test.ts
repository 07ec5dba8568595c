import { expect, it } from "vitest";
import { Status } from "../abi.ts";
import { importsFor } from "../imports.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

it("clearing the route cache succeeds, since there is none", () => {
  expect(new HostHarness().call("proxy_clear_route_cache", [])).toBe(Status.OK);
});

it.each([
  ["emscripten_notify_memory_growth", [1], 0],
  ["pthread_equal", [7, 7], 1],
  ["pthread_equal", [7, 8], 0],
] as const)("%s(%j), which Emscripten imports, answers %i", (name, args, answer) => {
  const { env } = importsFor(new HostHarness().vm, [{ kind: "function", module: "env", name }]);
  const host: unknown = env?.[name];
  expect(typeof host === "function" && Reflect.apply(host, undefined, args)).toBe(answer);
});
