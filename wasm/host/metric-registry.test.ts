import { describe, expect, it } from "vitest";
import { Status } from "./abi.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import { MetricRegistry } from "./metric-registry.ts";

function defined(registry: MetricRegistry, type: "counter" | "gauge" | "histogram", name: string): number {
  const id = registry.define(type, name);
  if (id === undefined) throw new Error(`${name} was not defined`);
  return id;
}

describe("the metric registry", () => {
  it("identifies a metric by name, so a restarted filter continues counting", () => {
    const registry = new MetricRegistry();
    const first = defined(registry, "counter", "hits");
    registry.increment(first, 5);
    const second = defined(registry, "counter", "hits");
    registry.increment(second, 1);
    expect(second).toBe(first);
    expect(registry.value("hits")).toBe(6);
  });

  it("refuses a name with another type", () => {
    const registry = new MetricRegistry();
    defined(registry, "counter", "hits");
    expect(registry.define("gauge", "hits")).toBeUndefined();
  });

  it("lets counters only increase, gauges go both ways, and histograms only record", () => {
    const registry = new MetricRegistry();
    const counter = defined(registry, "counter", "c");
    const gauge = defined(registry, "gauge", "g");
    const histogram = defined(registry, "histogram", "h");
    expect(registry.increment(counter, -1)).toBe(Status.BAD_ARGUMENT);
    expect(registry.increment(gauge, -3)).toBe(Status.OK);
    expect(registry.increment(histogram, 1)).toBe(Status.BAD_ARGUMENT);
    registry.record(gauge, 10);
    registry.record(histogram, 4);
    registry.record(histogram, 6);
    expect(registry.snapshot()).toEqual([
      { name: "c", type: "counter", value: 0, count: 0 },
      { name: "g", type: "gauge", value: 10, count: 2 },
      { name: "h", type: "histogram", value: 10, count: 2 },
    ]);
  });

  it("does not know ids it never assigned", () => {
    const registry = new MetricRegistry();
    for (const id of [0, 1, -1, 0xffff_ffff]) {
      expect(registry.record(id, 1)).toBe(Status.NOT_FOUND);
      expect(registry.increment(id, 1)).toBe(Status.NOT_FOUND);
      expect(registry.valueOf(id)).toBeUndefined();
    }
    expect(registry.value("absent")).toBeUndefined();
  });

  it("stops at its limit, and keeps the existing metrics", () => {
    const registry = new MetricRegistry();
    for (let index = 0; index < HOST_LIMITS.metrics; index++) defined(registry, "counter", `m${index}`);
    expect(registry.define("counter", "one more")).toBeUndefined();
    expect(registry.define("counter", "m0")).toBe(1);
  });
});
