import { expect, it } from "vitest";
import { Status } from "../abi.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

it("there are no foreign functions", () => {
  const host = new HostHarness();
  for (const name of ["", "compress", "__proto__"]) {
    expect(host.ask("proxy_call_foreign_function", [...host.put(name), ...host.put("arguments")]).status).toBe(
      Status.NOT_FOUND,
    );
  }
});

it("a guest that ignores the result may omit its addresses", () => {
  const host = new HostHarness();
  expect(host.call("proxy_call_foreign_function", [...host.put("f"), 0, 0, 0, 0])).toBe(Status.NOT_FOUND);
});

it("name and arguments must lie in memory", () => {
  const host = new HostHarness();
  expect(host.call("proxy_call_foreign_function", [-1, 4, 0, 0, 0, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
  expect(host.call("proxy_call_foreign_function", [...host.put("f"), 65_530, 8, 0, 0])).toBe(
    Status.INVALID_MEMORY_ACCESS,
  );
});
