import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EDGE_LIMITS, EdgeDecisions } from "./edge-decisions.ts";

const CHANGES = [{ name: "x-user", values: ["ann"] }];

class Memory {
  isShort = false;
  bytes = 0;
  noteBytes(bytes: number): void {
    this.bytes = bytes;
  }
}

describe("allows in the Worker's isolate", () => {
  it("are found until their life is over, counted from the question", () => {
    const decisions = new EdgeDecisions(new Memory());
    decisions.keep("key", "orders", CHANGES, 5_000, 1_000);
    expect(decisions.find("key", 1_000)).toEqual(CHANGES);
    expect(decisions.find("key", 5_999)).toEqual(CHANGES);
    expect(decisions.find("key", 6_000)).toBeUndefined();
    expect(decisions.find("other", 1_000)).toBeUndefined();
  });

  it("are not fresh if the clock was set back", () => {
    const decisions = new EdgeDecisions(new Memory());
    decisions.keep("key", "orders", CHANGES, 5_000, 1_000_000);
    expect(decisions.find("key", 999_999)).toBeUndefined();
    expect(decisions.find("key", 1_000_000)).toBeUndefined();
  });

  it("are dropped by service", () => {
    const memory = new Memory();
    const decisions = new EdgeDecisions(memory);
    decisions.keep("a", "orders", CHANGES, 5_000, 0);
    decisions.keep("b", "billing", CHANGES, 5_000, 0);
    decisions.forget("orders");
    expect(decisions.find("a", 0)).toBeUndefined();
    expect(decisions.find("b", 0)).toEqual(CHANGES);
    decisions.forget("billing");
    expect(memory.bytes).toBe(0);
  });

  it("take no more than their bounds, and the newest stay", () => {
    const decisions = new EdgeDecisions(new Memory());
    for (let n = 0; n < 3 * EDGE_LIMITS.entries; n += 1) decisions.keep(`${n}`, "orders", [], 5_000, 0);
    expect(decisions.size).toBe(EDGE_LIMITS.entries);
    expect(decisions.find("0", 0)).toBeUndefined();
    expect(decisions.find(`${3 * EDGE_LIMITS.entries - 1}`, 0)).toEqual([]);
    const large = [{ name: "x-claims", values: ["x".repeat(100_000)] }];
    for (let n = 0; n < 100; n += 1) decisions.keep(`large-${n}`, "orders", large, 5_000, 0);
    expect(decisions.bytes).toBeLessThanOrEqual(EDGE_LIMITS.bytes);
    expect(decisions.find("large-99", 0)).toEqual(large);
  });

  it("leave out what alone exceeds the bounds, and keep the others", () => {
    const decisions = new EdgeDecisions(new Memory());
    decisions.keep("key", "orders", CHANGES, 5_000, 0);
    decisions.keep("large", "orders", [{ name: "x", values: ["x".repeat(EDGE_LIMITS.bytes)] }], 5_000, 0);
    expect(decisions.find("key", 0)).toEqual(CHANGES);
    expect(decisions.find("large", 0)).toBeUndefined();
  });

  it("are all given up while the isolate's memory is short", () => {
    const memory = new Memory();
    const decisions = new EdgeDecisions(memory);
    decisions.keep("a", "orders", CHANGES, 5_000, 0);
    memory.isShort = true;
    decisions.keep("b", "orders", CHANGES, 5_000, 0);
    expect(decisions.size).toBe(0);
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
        const decisions = new EdgeDecisions(memory);
        for (const [nowMs, each] of steps.entries()) {
          if ("keep" in each) {
            const changes = [{ name: "x", values: ["v".repeat(each.size)] }];
            decisions.keep(String(each.keep), "orders", changes, each.forMs, nowMs);
          } else if ("find" in each) decisions.find(String(each.find), nowMs);
          else decisions.forget("orders");
          expect(memory.bytes).toBe(decisions.bytes);
          expect(decisions.bytes).toBeLessThanOrEqual(EDGE_LIMITS.bytes);
          expect(decisions.bytes > 0).toBe(decisions.size > 0);
        }
      }),
    );
  });
});

describe("the key of a question", () => {
  it("differs between questions and between isolates, and holds nothing of the question", () => {
    const decisions = new EdgeDecisions(new Memory());
    const question = "orders\nGET\n/1\nauthorization\nBearer secret-token";
    const key = decisions.keyOf(question);
    expect(decisions.keyOf(question)).toBe(key);
    expect(decisions.keyOf(`${question}x`)).not.toBe(key);
    expect(new EdgeDecisions(new Memory()).keyOf(question)).not.toBe(key);
    expect(key).toHaveLength(8);
    expect(key).not.toContain("secret");
  });
});
