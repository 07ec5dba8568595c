import fc from "fast-check";
import { expect, it } from "vitest";
import { clientGroup, NO_ADDRESS } from "./client-group.ts";

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:201", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002:ffff::1", "2001:db8:1:2::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
])("%s belongs to %s", (address, group) => {
  expect(clientGroup(address)).toBe(group);
});

it.each([
  "",
  "unknown",
  "1.2.3",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.4.5",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "g::",
  "12345::",
  "1.2.3.4:80",
])("%j is not an address", (address) => {
  expect(clientGroup(address)).toBe(NO_ADDRESS);
});

it("all addresses of a /64 are one group, however they are written", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 4, maxLength: 4 }),
      fc.ipV6(),
      (prefix, other) => {
        const written = prefix.map((group) => group.toString(16)).join(":");
        expect(clientGroup(`${written}:1:2:3:4`)).toBe(clientGroup(`${written.toUpperCase()}::`));
        expect(clientGroup(other)).not.toBe(NO_ADDRESS);
      },
    ),
  );
});
