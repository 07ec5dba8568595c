import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { restartSettings } from "../../config/index.ts";
import { buildExamples, exampleFile } from "../../scripts/build-examples.ts";
import { FilterFiles } from "../../scripts/filter/testing/filter-files.setup.ts";
import { largeFilterFile } from "../../wasm/filter/testing/harness.ts";
import { simulate } from "../simulate.ts";
import { RuleSupervisor } from "../supervisor.ts";
import { WorkloadBuilder } from "../workload/workload.ts";
import { BuiltInGuest, builtInConfiguration } from "./built-in-guest.ts";
import { GuestCalls } from "./guest-calls.ts";
import { ModuleGuest } from "./module-guest.ts";
import { firstDifference, scenario } from "./testing/scenarios.ts";

const SHAPE = { ttlMs: 60_000, entryBytes: 100 };
const PAGE = 65_536;
const files = new FilterFiles();

/** Pauses every request. */
const PAUSES = `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))`;
/** Grows by a page in every request and lets it pass. */
const GROWS = `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (drop (memory.grow (i32.const 1))) (i32.const 0))`;
const imported = (name: string, parameters: string) =>
  `(import "env" "${name}" (func $${name} (param ${parameters}) (result i32)))`;
/** Asks for ticks and resumes the paused request, which has the id 2, in the third. */
const TICKS = `${PAUSES}
  (global $ticks (mut i32) (i32.const 0))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_set_tick_period_milliseconds (i32.const 1000))) (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
    (if (i32.eq (global.get $ticks) (i32.const 3)) (then
      (drop (call $proxy_set_effective_context (i32.const 2)))
      (drop (call $proxy_continue_stream (i32.const 0))))))`;
const TICK_IMPORTS = [
  imported("proxy_set_tick_period_milliseconds", "i32"),
  imported("proxy_set_effective_context", "i32"),
  imported("proxy_continue_stream", "i32"),
].join("\n");

const start = (file: string, configuration = "", rootId = "") => ModuleGuest.start({ file, configuration, rootId });

/** Hits and misses of requests with these keys. */
async function answersOf(guest: ModuleGuest, keys = [1, 1, 2, 3]): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const [index, key] of keys.entries()) answers.push(await guest.request(index, key));
  return answers;
}

let builtIn: string;

beforeAll(async () => {
  builtIn = await largeFilterFile();
  await buildExamples();
});

afterAll(() => files.remove());

describe("a module guest", () => {
  it("behaves as the built-in guest with the same module and configuration", async () => {
    const options = { requests: 3_000, keyCount: 2_000, spacingMs: 40, restart: 0.001 };
    const any = await start(builtIn, builtInConfiguration(SHAPE));
    const same = await BuiltInGuest.start({ ...SHAPE, entryBytes: 0 });
    expect(any.liveBytes).toBeNaN();
    expect(await firstDifference(any, same, scenario(3, options))).toBeUndefined();
  });

  it("counts every request of a filter without a cache as a miss", async () => {
    expect(await answersOf(await start(exampleFile("http-call-and-continue"), "cluster=auth"))).toEqual(
      Array(4).fill(false),
    );
  });

  it("counts every request of a filter that makes no calls as a hit", async () => {
    expect(await answersOf(await start(exampleFile("deny-without-credential")))).toEqual(Array(4).fill(true));
  });

  it("shows in a run how a filter without calls grows with each request, and that a restart frees it", async () => {
    const builder = new WorkloadBuilder();
    for (let second = 0; second <= 600; second += 1) builder.add(second * 1_000, second % 5);
    const settings = restartSettings({ minLifetimeMs: 1 });
    const run = async (atPages: number) =>
      simulate(
        builder.build("test"),
        await start(files.guest("grows.wasm", { body: GROWS })),
        new RuleSupervisor("size", settings, (_, { allocatedBytes }) => allocatedBytes >= atPages * PAGE),
        { handover: false, evictAfterMs: undefined },
      );
    const kept = await run(10_000);
    expect(kept).toMatchObject({ hits: 601, outbound: 0, restarts: [], peakAllocatedBytes: 602 * PAGE });
    expect(Math.round(kept.meanAllocatedBytes / PAGE)).toBe(302);
    const restarted = await run(100);
    expect(restarted.restarts.length).toBeGreaterThan(4);
    expect(restarted.peakAllocatedBytes).toBeLessThan(120 * PAGE);
  });

  it("has an authorization server that denies strangers, for which the filter may cache its decision", async () => {
    const guest = async (denyTtlMs: number) => {
      const plugin = JSON.parse(builtInConfiguration(SHAPE));
      const configuration = JSON.stringify({ ...plugin, cache: { ...plugin.cache, denyTtlMs } });
      return ModuleGuest.start({ file: builtIn, configuration, rootId: "" }, new GuestCalls(), 2);
    };
    expect(await answersOf(await guest(0), [1, 1, 2, 2, 1])).toEqual([false, true, false, false, true]);
    expect(await answersOf(await guest(60_000), [1, 1, 2, 2, 1])).toEqual([false, true, false, true, true]);
  });

  it("runs the plugin that the root ID names", async () => {
    const file = "wasm/host/conformance/build/solo-io.wasm";
    await expect(start(file, "any", "another")).rejects.toThrow(
      /does not start.*\(--root-id is "another", --filter-configuration has 3 bytes\)/,
    );
    expect(await answersOf(await start(file, "any", "conformance"))).toEqual(Array(4).fill(false));
  });

  it("ticks for a filter that holds a request back until a tick", async () => {
    const guest = await start(files.guest("ticks.wasm", { imports: TICK_IMPORTS, body: TICKS }));
    expect(await guest.request(0, 1)).toBe(true);
    await expect(guest.request(1, 2)).rejects.toThrow("still holds a request back after 10 ticks");
  });

  it("rejects a request that the filter never resumes", async () => {
    const guest = await start(files.guest("pauses.wasm", { body: PAUSES }));
    await expect(guest.request(0, 1)).rejects.toThrow("holds a request back and waits for no call");
  });

  it("rejects a missing file, a file that is no module, and a configuration that the module refuses", async () => {
    await expect(start(`${builtIn}.none`)).rejects.toThrow("ENOENT");
    await expect(start(import.meta.filename)).rejects.toThrow(WebAssembly.CompileError);
    await expect(start(builtIn, "nonsense")).rejects.toThrow("the filter does not start: ");
  });

  it("refuses a restart with handover", async () => {
    const guest = await start(exampleFile("deny-without-credential"));
    expect(() => guest.restart(0, true)).toThrow("hands no entries over");
  });

  it("records each call while it runs, until the filter has decided", async () => {
    const calls = new GuestCalls();
    const setup = { file: exampleFile("http-call-and-continue"), configuration: "cluster=auth", rootId: "" };
    const guest = await ModuleGuest.start(setup, calls);
    expect(calls.running).toBeUndefined();
    const waiting = guest.request(0, 1);
    // The start was the first call.
    expect(calls.running).toEqual({ kind: "request", count: 2 });
    await waiting;
    expect(calls.running).toBeUndefined();
    guest.tick(1_000);
    guest.restart(2_000, false);
    expect(calls.running).toBeUndefined();
  });
});
