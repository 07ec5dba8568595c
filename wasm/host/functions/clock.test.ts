import fc from "fast-check";
import { expect, it } from "vitest";
import { Status } from "../abi.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";
import { nanosecondsOf } from "./clock.ts";

it("nanoseconds are exact, although they exceed 2^53", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_000_000_000_000 }), (ms) => {
      const { high, low } = nanosecondsOf(ms);
      expect((BigInt(high) << 32n) | BigInt(low)).toBe(BigInt(ms) * 1_000_000n);
    }),
  );
});

it("fractions of a millisecond count", () => {
  const { high, low } = nanosecondsOf(1_760_000_000_000.5);
  expect((BigInt(high) << 32n) | BigInt(low)).toBe(1_760_000_000_000_500_000n);
});

it("the current time needs eight bytes of space", () => {
  const host = new HostHarness();
  expect(host.call("proxy_get_current_time_nanoseconds", [8])).toBe(Status.OK);
  expect(host.u64(8)).toBe(1_760_000_000_000_250_000n);
  expect(host.call("proxy_get_current_time_nanoseconds", [65_529])).toBe(Status.INVALID_MEMORY_ACCESS);
});
