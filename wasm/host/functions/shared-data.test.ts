import { expect, it } from "vitest";
import { Status } from "../abi.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const CAS_AT = 8;
const set = (host: HostHarness, key: string | Uint8Array, value: string, cas: number): number =>
  host.call("proxy_set_shared_data", [...host.put(key), ...host.put(value), cas]);

/** The two result addresses come before the address for the cas. */
function get(host: HostHarness, key: string | Uint8Array): { status: number; text: string; cas: number } {
  const status = host.call("proxy_get_shared_data", [...host.put(key), 16, 20, CAS_AT]);
  const text = status === Status.OK ? new TextDecoder().decode(host.bytes(host.u32(16), host.u32(20))) : "";
  return { status, text, cas: host.u32(CAS_AT) };
}

it("shared data is read with the number needed to change it", () => {
  const host = new HostHarness();
  expect(get(host, "key").status).toBe(Status.NOT_FOUND);
  expect(set(host, "key", "one", 0)).toBe(Status.OK);
  const { text, cas } = get(host, "key");
  expect(text).toBe("one");
  expect(set(host, "key", "two", cas)).toBe(Status.OK);
  expect(set(host, "key", "three", cas)).toBe(Status.CAS_MISMATCH);
  expect(get(host, "key").text).toBe("two");
});

it("shared data distinguishes keys that are not UTF-8", () => {
  const host = new HostHarness();
  set(host, Uint8Array.of(0xfe), "one", 0);
  set(host, Uint8Array.of(0xff), "two", 0);
  expect(get(host, Uint8Array.of(0xfe)).text).toBe("one");
});

it("shared data outside memory is rejected", () => {
  const host = new HostHarness();
  const key = host.put("key");
  expect(host.call("proxy_set_shared_data", [-1, 4, 0, 0, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
  expect(host.call("proxy_set_shared_data", [...key, 0, 0xffff_ffff, 0])).toBe(Status.INVALID_MEMORY_ACCESS);
  set(host, "key", "value", 0);
  expect(host.call("proxy_get_shared_data", [...key, 0, 4, 65_535])).toBe(Status.INVALID_MEMORY_ACCESS);
});
