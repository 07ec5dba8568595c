import { afterAll, describe, expect, it } from "vitest";
import { FilterFiles } from "../scripts/filter/testing/filter-files.setup.ts";
import type { Case } from "./cases.ts";
import { runCases } from "./pool.ts";

/** Short for a test. Nothing honest in these tests takes a tenth of it. */
const MAX_CALL_MS = 800;
const LOOP = "(loop $forever (br $forever))";
const files = new FilterFiles();
const passes = files.guest("passes.wasm", {});

afterAll(() => files.remove());

/** The quickest scenario, without policies, on the module of a file. */
function caseOf(file: string, seed = 1): Case {
  return {
    source: { kind: "scenario", name: "low" },
    seeds: [seed],
    guest: { file, configuration: "", rootId: "" },
    ttlMs: 300_000,
    ttlCapMs: 600_000,
    entryBytes: 0,
    handover: false,
    eviction: false,
    real: true,
    families: ["never"],
  };
}

describe("the pool of worker threads", () => {
  it("returns the results in the order of the cases", async () => {
    const done: number[] = [];
    const results = await runCases(
      [1, 2, 3].map((seed) => caseOf(passes, seed)),
      (count) => done.push(count),
    );
    expect(results.map(({ rows }) => rows.map(({ policy, seed }) => [policy, seed]))).toEqual([
      [["never", 1]],
      [["never", 2]],
      [["never", 3]],
    ]);
    expect(results[0]?.rows[0]).toMatchObject({ outbound: 0, extraOutbound: 0, real: true });
    expect(done).toEqual([1, 2, 3]);
  });

  it.each([
    ["start", `(func (export "_initialize") ${LOOP})`, /looping-in-start\.wasm does not return from its start/],
    [
      "request",
      `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${LOOP})`,
      /^low T=300s looping-in-request\.wasm: .*looping-in-request\.wasm does not return from a request .* after 0\.8 s/,
    ],
    [
      "tick",
      `(func (export "proxy_on_configure") (param i32 i32) (result i32)
         (drop (call $proxy_set_tick_period_milliseconds (i32.const 1000))) (i32.const 1))
       (func (export "proxy_on_tick") (param i32) ${LOOP})`,
      /looping-in-tick\.wasm does not return from proxy_on_tick/,
    ],
  ])("ends the run with the name of a filter that loops for ever in its %s", async (place, body, message) => {
    const imports = `(import "env" "proxy_set_tick_period_milliseconds"
      (func $proxy_set_tick_period_milliseconds (param i32) (result i32)))`;
    const file = files.guest(`looping-in-${place}.wasm`, { imports, body });
    await expect(runCases([caseOf(file), caseOf(passes)], () => {}, MAX_CALL_MS)).rejects.toThrow(message);
  });

  it("ends at the first error while other threads still load", async () => {
    const cases = [caseOf("nowhere.wasm"), caseOf(passes), caseOf(passes), caseOf(passes)];
    await expect(runCases(cases, () => {})).rejects.toThrow("low T=300s nowhere.wasm: ENOENT");
  });
});
