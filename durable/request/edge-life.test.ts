import { describe, expect, it } from "vitest";
import { builtInService, otherService, serviceOf } from "../../config/testing/inputs.ts";
import type { Decision } from "../../wasm/host/index.ts";
import { freshForMs } from "./edge-life.ts";

function allowFor(ms: bigint, bytes = 8): Extract<Decision, { kind: "continue" }> {
  const life = new Uint8Array(8);
  new DataView(life.buffer).setBigInt64(0, ms, true);
  const properties = new Map([["ebb.fresh_for_ms", life.slice(0, bytes)]]);
  return { kind: "continue", changes: [], calls: 0, paused: false, properties } as never;
}

describe("how long the Worker's isolates may use an allow", () => {
  const service = serviceOf(builtInService({ cache: { edgeTtlMs: 5_000 } }));

  it("is what the filter says, and at most edgeTtlMs", () => {
    expect(freshForMs(service, allowFor(1_000n))).toBe(1_000);
    expect(freshForMs(service, allowFor(60_000n))).toBe(5_000);
    expect(freshForMs(service, allowFor(-1n))).toBe(0);
    expect(freshForMs(service, allowFor(1_000n, 4))).toBe(0);
  });

  it("is nothing for other filters, and for services that keep nothing there", () => {
    for (const of of [serviceOf(otherService()), serviceOf(builtInService())]) {
      expect(freshForMs(of, allowFor(1_000n))).toBe(0);
    }
  });
});
