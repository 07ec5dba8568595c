import { describe, expect, it } from "vitest";
import { createSharedState, HOST_LIMITS } from "../index.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import type { Guest, Scripted } from "./puppet/guest.ts";
import { MetricType, Status } from "./puppet/numbers.ts";
import { startPuppet } from "./puppet/start-puppet.ts";

const { COUNTER, GAUGE, HISTOGRAM } = MetricType;

function* define(guest: Guest, type: number, name: string): Scripted<number> {
  const answer = yield* guest.call("proxy_define_metric", type, name);
  expect(answer.status).toBe(Status.OK);
  return answer.outs[0] ?? 0;
}

function* currentValue(guest: Guest, id: number): Scripted<bigint> {
  return (yield* guest.call("proxy_get_metric", id)).out64;
}

/** Rule 18: metrics. */
describe.each(ABI_VERSIONS)("metrics of a filter of ABI %s", (abi) => {
  const inConfigure = (script: (guest: Guest) => Scripted<void>) =>
    startPuppet(abi, {
      *configure(guest) {
        yield* script(guest);
      },
    });

  it("are defined once per name: again returns the same id", () => {
    inConfigure(function* (guest) {
      const id = yield* define(guest, COUNTER, "requests");
      expect(yield* define(guest, COUNTER, "requests")).toBe(id);
      expect(yield* define(guest, GAUGE, "open")).not.toBe(id);
    });
  });

  it("keep their value across a restart of the filter", () => {
    const shared = createSharedState();
    for (const expected of [5n, 10n]) {
      const { instance } = startPuppet(
        abi,
        {
          *configure(guest) {
            const id = yield* define(guest, COUNTER, "requests");
            yield* guest.call("proxy_increment_metric", id, 5n);
            expect(yield* currentValue(guest, id)).toBe(expected);
          },
        },
        { shared },
      );
      instance.close();
    }
    expect(shared.metrics.value("requests")).toBe(10);
  });

  it("of type counter only increase", () => {
    inConfigure(function* (guest) {
      const id = yield* define(guest, COUNTER, "requests");
      expect(yield* guest.status("proxy_increment_metric", id, 3n)).toBe(Status.OK);
      expect(yield* guest.status("proxy_increment_metric", id, -1n)).toBe(Status.BAD_ARGUMENT);
      expect(yield* guest.status("proxy_increment_metric", id, 0n)).toBe(Status.OK);
      expect(yield* currentValue(guest, id)).toBe(3n);
    });
  });

  it("of type gauge increase, decrease and can be set", () => {
    inConfigure(function* (guest) {
      const id = yield* define(guest, GAUGE, "open");
      expect(yield* guest.status("proxy_record_metric", id, 10n)).toBe(Status.OK);
      expect(yield* guest.status("proxy_increment_metric", id, -3n)).toBe(Status.OK);
      expect(yield* currentValue(guest, id)).toBe(7n);
      yield* guest.call("proxy_increment_metric", id, -9n);
      expect(BigInt.asIntN(64, yield* currentValue(guest, id))).toBe(-2n);
    });
  });

  it("of type histogram only accept samples", () => {
    const { director } = inConfigure(function* (guest) {
      const id = yield* define(guest, HISTOGRAM, "latency");
      expect(yield* guest.status("proxy_record_metric", id, 12n)).toBe(Status.OK);
      expect(yield* guest.status("proxy_record_metric", id, 30n)).toBe(Status.OK);
      expect(yield* guest.status("proxy_increment_metric", id, 1n)).toBe(Status.BAD_ARGUMENT);
      expect(yield* guest.status("proxy_get_metric", id)).toBe(Status.BAD_ARGUMENT);
    });
    expect(director.shared.metrics.snapshot()).toMatchObject([
      { name: "latency", type: "histogram", count: 2, value: 42 },
    ]);
  });

  it("hold large values exactly", () => {
    inConfigure(function* (guest) {
      const id = yield* define(guest, GAUGE, "bytes");
      for (const value of [2n ** 32n, 2n ** 40n + 7n, 2n ** 53n - 1n]) {
        yield* guest.call("proxy_record_metric", id, value);
        expect(yield* currentValue(guest, id)).toBe(value);
      }
    });
  });

  it("that do not exist are NOT_FOUND", () => {
    inConfigure(function* (guest) {
      for (const id of [0, 99, -1]) {
        expect(yield* guest.status("proxy_record_metric", id, 1n)).toBe(Status.NOT_FOUND);
        expect(yield* guest.status("proxy_increment_metric", id, 1n)).toBe(Status.NOT_FOUND);
        expect(yield* guest.status("proxy_get_metric", id)).toBe(Status.NOT_FOUND);
      }
    });
  });

  it("return BAD_ARGUMENT for an unknown type, a name of another type, and too long a name", () => {
    inConfigure(function* (guest) {
      yield* define(guest, COUNTER, "requests");
      expect(yield* guest.status("proxy_define_metric", 3, "other")).toBe(Status.BAD_ARGUMENT);
      expect(yield* guest.status("proxy_define_metric", -1, "other")).toBe(Status.BAD_ARGUMENT);
      expect(yield* guest.status("proxy_define_metric", GAUGE, "requests")).toBe(Status.BAD_ARGUMENT);
      const long = "n".repeat(HOST_LIMITS.metricNameBytes + 1);
      expect(yield* guest.status("proxy_define_metric", COUNTER, long)).toBe(Status.BAD_ARGUMENT);
    });
  });

  it("are limited in number", () => {
    inConfigure(function* (guest) {
      for (let index = 0; index < HOST_LIMITS.metrics; index++) yield* define(guest, COUNTER, `m${index}`);
      expect(yield* guest.status("proxy_define_metric", COUNTER, "one more")).not.toBe(Status.OK);
    });
  });

  it("have the names the filter gave them", () => {
    const { director } = inConfigure(function* (guest) {
      yield* guest.call("proxy_increment_metric", yield* define(guest, COUNTER, "my.requests{code=200}"), 2n);
      yield* guest.call("proxy_record_metric", yield* define(guest, GAUGE, "größe"), 3n);
    });
    expect(director.shared.metrics.snapshot()).toMatchObject([
      { name: "my.requests{code=200}", type: "counter", value: 2 },
      { name: "größe", type: "gauge", value: 3 },
    ]);
  });
});
