import { mkdtempSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import binaryen from "binaryen";
import { beforeAll, describe, expect, it } from "vitest";
import { largeFilterFile } from "../../wasm/filter/testing/harness.ts";
import type { OutboundResult } from "../../wasm/host/index.ts";
import { BuiltInGuest, builtInConfiguration } from "./built-in-guest.ts";
import { HostedFilter } from "./hosted-filter.ts";
import { ModuleGuest } from "./module-guest.ts";
import { firstDifference, scenario } from "./testing/scenarios.ts";

const SHAPE = { ttlMs: 60_000, entryBytes: 100 };
let file: string;

beforeAll(async () => {
  file = await largeFilterFile();
});

function moduleFile(text: string): string {
  const written = join(mkdtempSync(join(tmpdir(), "filter-")), "filter.wasm");
  const parsed = binaryen.parseText(text);
  writeFileSync(written, parsed.emitBinary());
  parsed.dispose();
  return written;
}

/** A filter that only pauses every request. */
const pausing = () =>
  moduleFile(`(module (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1)))`);

describe("a module guest", () => {
  it("behaves as the built-in guest with the same module and configuration", async () => {
    const options = { requests: 3_000, keyCount: 2_000, spacingMs: 40, restart: 0.001 };
    const any = await ModuleGuest.start(file, builtInConfiguration(SHAPE));
    const builtIn = await BuiltInGuest.start({ ...SHAPE, entryBytes: 0 });
    expect(any.liveBytes).toBeNaN();
    expect(await firstDifference(any, builtIn, scenario(3, options))).toBeUndefined();
  });

  it("rejects a request that the filter never resumes", async () => {
    const guest = await ModuleGuest.start(pausing(), "");
    await expect(guest.request(0, 1)).rejects.toThrow("holds a request back and waits for no call");
  });

  it("rejects a missing file, a file that is no module, and a configuration that the module refuses", async () => {
    await expect(ModuleGuest.start(`${file}.none`, "")).rejects.toThrow("ENOENT");
    await expect(ModuleGuest.start(import.meta.filename, "")).rejects.toThrow(WebAssembly.CompileError);
    await expect(ModuleGuest.start(file, "nonsense")).rejects.toThrow("the filter does not start: ");
  });
});

describe("a hosted filter", () => {
  it.each<[string, OutboundResult, number]>([
    ["403", { ok: true, headers: [[":status", "403"]], body: new Uint8Array(0), trailers: [] }, 403],
    ["nothing", { ok: false, reason: "timeout" }, 503],
  ])("refuses the request when the authorization server answers %s", async (_, reply, status) => {
    const module = await WebAssembly.compile(await readFile(file));
    const filter = new HostedFilter({ module, pluginConfiguration: builtInConfiguration(SHAPE), reply });
    const request = {
      headers: [
        [":method", "GET"],
        [":path", "/a"],
        [":authority", "api.example.com"],
        ["authorization", "Bearer a"],
      ] as [string, string][],
      endOfStream: true,
    };
    expect(await filter.decide(0, request)).toMatchObject({ kind: "respond", status });
    expect(filter.calls).toBe(1);
  });
});

it("the built-in guest caches a decision for each key", async () => {
  const guest = await BuiltInGuest.start(SHAPE);
  expect(await guest.request(0, 1)).toBe(false);
  expect(await guest.request(0, 2)).toBe(false);
  expect(await guest.request(0, 1)).toBe(true);
});

it("a guest with a real module refuses a restart with handover", async () => {
  const guests = [await BuiltInGuest.start(SHAPE), await ModuleGuest.start(pausing(), "")];
  for (const guest of guests) expect(() => guest.restart(0, true)).toThrow(/hand/);
});
