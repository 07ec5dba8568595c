import { expect, it } from "vitest";
import { Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const ID_AT = 8;
const VALUE_AT = 16;
const COUNTER = 0;
const GAUGE = 1;
const HISTOGRAM = 2;

function define(host: HostHarness, type: number, name: string): number {
  expect(host.call("proxy_define_metric", [type, ...host.put(name), ID_AT])).toBe(Status.OK);
  return host.u32(ID_AT);
}

function metricValue(host: HostHarness, id: number): bigint {
  expect(host.call("proxy_get_metric", [id, VALUE_AT])).toBe(Status.OK);
  return host.u64(VALUE_AT);
}

it("defining a metric again returns the same id, so a restarted filter continues it", () => {
  const host = new HostHarness();
  const id = define(host, COUNTER, "hits");
  host.call("proxy_increment_metric", [id, 3n]);
  expect(define(host, COUNTER, "hits")).toBe(id);
  expect(metricValue(host, id)).toBe(3n);
  expect(host.services.shared.metrics.value("hits")).toBe(3);
});

it("a gauge goes below zero and reads back as negative", () => {
  const host = new HostHarness();
  const id = define(host, GAUGE, "entries");
  expect(host.call("proxy_increment_metric", [id, -5n])).toBe(Status.OK);
  expect(BigInt.asIntN(64, metricValue(host, id))).toBe(-5n);
  expect(host.call("proxy_record_metric", [id, 5_000_000_000n])).toBe(Status.OK);
  expect(metricValue(host, id)).toBe(5_000_000_000n);
});

it("a counter does not decrease, and a histogram only records", () => {
  const host = new HostHarness();
  expect(host.call("proxy_increment_metric", [define(host, COUNTER, "c"), -1n])).toBe(Status.BAD_ARGUMENT);
  const histogram = define(host, HISTOGRAM, "h");
  expect(host.call("proxy_record_metric", [histogram, 7n])).toBe(Status.OK);
  expect(host.call("proxy_get_metric", [histogram, VALUE_AT])).toBe(Status.BAD_ARGUMENT);
  expect(host.call("proxy_increment_metric", [histogram, 1n])).toBe(Status.BAD_ARGUMENT);
  expect(host.services.shared.metrics.snapshot().at(-1)).toEqual({ name: "h", type: "histogram", value: 7, count: 1 });
});

it("unknown ids, types and addresses are refused", () => {
  const host = new HostHarness();
  expect(host.call("proxy_record_metric", [99, 1n])).toBe(Status.NOT_FOUND);
  expect(host.call("proxy_increment_metric", [-1, 1n])).toBe(Status.NOT_FOUND);
  expect(host.call("proxy_get_metric", [0, VALUE_AT])).toBe(Status.NOT_FOUND);
  expect(host.call("proxy_define_metric", [3, ...host.put("x"), ID_AT])).toBe(Status.BAD_ARGUMENT);
  expect(host.call("proxy_define_metric", [COUNTER, ...host.put("x"), -2])).toBe(Status.INVALID_MEMORY_ACCESS);
  const long = host.put("n".repeat(HOST_LIMITS.metricNameBytes + 1));
  expect(host.call("proxy_define_metric", [COUNTER, ...long, ID_AT])).toBe(Status.BAD_ARGUMENT);
  define(host, COUNTER, "x");
  expect(host.call("proxy_define_metric", [GAUGE, ...host.put("x"), ID_AT])).toBe(Status.BAD_ARGUMENT);
});

it("a value of a type not in the ABI is never stored as nonsense", () => {
  const host = new HostHarness();
  const id = define(host, GAUGE, "g");
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e300]) host.call("proxy_record_metric", [id, value]);
  expect(metricValue(host, id)).toBe(0n);
});
