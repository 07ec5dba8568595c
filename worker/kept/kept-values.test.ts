import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeBytes } from "./change-bytes.ts";
import { KEPT_LIMITS, KeptValues } from "./kept-values.ts";

type Changes = readonly { readonly name: string; readonly values: string[] }[];

const CHANGES: Changes = [{ name: "x-user", values: ["ann"] }];

function keep(
  kept: KeptValues<Changes>,
  key: string,
  service: string,
  value: Changes,
  freshForMs: number,
  askedAtMs: number,
): void {
  kept.keep(key, { service, value, bytes: changeBytes(value), freshForMs, askedAtMs });
}

class Memory {
  isShort = false;
  bytes = 0;
  noteBytes(bytes: number): void {
    this.bytes = bytes;
  }
}

describe("values in the Worker's isolate", () => {
  it("are found until their life is over, counted from the question", () => {
    const kept = new KeptValues<Changes>(new Memory());
    keep(kept, "key", "orders", CHANGES, 5_000, 1_000);
    expect(kept.find("key", 1_000)).toEqual(CHANGES);
    expect(kept.find("key", 5_999)).toEqual(CHANGES);
    expect(kept.find("key", 6_000)).toBeUndefined();
    expect(kept.find("other", 1_000)).toBeUndefined();
  });

  it("are not fresh if the clock was set back", () => {
    const kept = new KeptValues<Changes>(new Memory());
    keep(kept, "key", "orders", CHANGES, 5_000, 1_000_000);
    expect(kept.find("key", 999_999)).toBeUndefined();
    expect(kept.find("key", 1_000_000)).toBeUndefined();
  });

  it("are dropped by service", () => {
    const memory = new Memory();
    const kept = new KeptValues<Changes>(memory);
    keep(kept, "a", "orders", CHANGES, 5_000, 0);
    keep(kept, "b", "billing", CHANGES, 5_000, 0);
    kept.forget("orders");
    expect(kept.find("a", 0)).toBeUndefined();
    expect(kept.find("b", 0)).toEqual(CHANGES);
    kept.forget("billing");
    expect(memory.bytes).toBe(0);
  });

  it("take no more than their bounds, and the newest stay", () => {
    const kept = new KeptValues<Changes>(new Memory());
    for (let n = 0; n < 3 * KEPT_LIMITS.entries; n += 1) keep(kept, `${n}`, "orders", [], 5_000, 0);
    expect(kept.size).toBe(KEPT_LIMITS.entries);
    expect(kept.find("0", 0)).toBeUndefined();
    expect(kept.find(`${3 * KEPT_LIMITS.entries - 1}`, 0)).toEqual([]);
    const large = [{ name: "x-claims", values: ["x".repeat(100_000)] }];
    for (let n = 0; n < 100; n += 1) keep(kept, `large-${n}`, "orders", large, 5_000, 0);
    expect(kept.bytes).toBeLessThanOrEqual(KEPT_LIMITS.bytes);
    expect(kept.find("large-99", 0)).toEqual(large);
  });

  it("leave out what alone exceeds the bounds, and keep the others", () => {
    const kept = new KeptValues<Changes>(new Memory());
    keep(kept, "key", "orders", CHANGES, 5_000, 0);
    keep(kept, "large", "orders", [{ name: "x", values: ["x".repeat(KEPT_LIMITS.bytes)] }], 5_000, 0);
    expect(kept.find("key", 0)).toEqual(CHANGES);
    expect(kept.find("large", 0)).toBeUndefined();
  });

  it("are all given up while the isolate's memory is short", () => {
    const memory = new Memory();
    const kept = new KeptValues<Changes>(memory);
    keep(kept, "a", "orders", CHANGES, 5_000, 0);
    memory.isShort = true;
    keep(kept, "b", "orders", CHANGES, 5_000, 0);
    expect(kept.size).toBe(0);
    expect(memory.bytes).toBe(0);
  });

  it("report the memory that they take, whatever happens", () => {
    const step = fc.oneof(
      fc.record({ keep: fc.nat(20), size: fc.nat(2_000_000), forMs: fc.nat(50) }),
      fc.record({ find: fc.nat(20) }),
      fc.constant({ forget: true }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const memory = new Memory();
        const kept = new KeptValues<Changes>(memory);
        for (const [nowMs, each] of steps.entries()) {
          if ("keep" in each) {
            const changes = [{ name: "x", values: ["v".repeat(each.size)] }];
            keep(kept, String(each.keep), "orders", changes, each.forMs, nowMs);
          } else if ("find" in each) kept.find(String(each.find), nowMs);
          else kept.forget("orders");
          expect(memory.bytes).toBe(kept.bytes);
          expect(kept.bytes).toBeLessThanOrEqual(KEPT_LIMITS.bytes);
          expect(kept.bytes > 0).toBe(kept.size > 0);
        }
      }),
    );
  });
});

describe("the key of a text", () => {
  it("differs between questions and between isolates, and holds nothing of the question", () => {
    const kept = new KeptValues<Changes>(new Memory());
    const question = "orders\nGET\n/1\nauthorization\nBearer secret-token";
    const key = kept.keyOf(question);
    expect(kept.keyOf(question)).toBe(key);
    expect(kept.keyOf(`${question}x`)).not.toBe(key);
    expect(new KeptValues<Changes>(new Memory()).keyOf(question)).not.toBe(key);
    expect(key).toHaveLength(8);
    expect(key).not.toContain("secret");
  });
});
