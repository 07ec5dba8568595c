/** What guests refuse, and what our own module does beside growing. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import binaryen from "binaryen";
import { beforeAll, describe, expect, it } from "vitest";
import type { OutboundResult, StreamRequest } from "../../wasm/host/index.ts";
import { buildGuests, guestsFile } from "./build-guests.ts";
import { BuiltInGuest } from "./built-in-guest.ts";
import { allowing, HostedFilter } from "./hosted-filter.ts";
import { ModuleGuest } from "./module-guest.ts";
import { firstDifference, scenario } from "./testing/scenarios.ts";
import { ALL_RULES, startReal } from "./testing/start-real.ts";
import { WasmGuest } from "./wasm-guest.ts";

const SHAPE = { ttlMs: 60_000, entryBytes: 100 };
let module: WebAssembly.Module;

beforeAll(async () => {
  await buildGuests();
  module = new WebAssembly.Module(await readFile(guestsFile));
});

function hosted(reply: OutboundResult = allowing(), pluginConfiguration = "page 60000 100"): HostedFilter {
  return new HostedFilter({ module, pluginConfiguration, reply });
}

function requestFor(path: string): StreamRequest {
  return {
    headers: [
      [":method", "GET"],
      [":path", path],
    ],
    endOfStream: true,
  };
}

/** A file with a filter that pauses every request and does nothing else. */
function pausingFilter(): string {
  const file = join(mkdtempSync(join(tmpdir(), "filter-")), "pause.wasm");
  const parsed = binaryen.parseText(`(module (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1)))`);
  writeFileSync(file, parsed.emitBinary());
  parsed.dispose();
  return file;
}

describe("our own module refuses to start", () => {
  it.each([
    ["pages 60000 100", 'the growth rule "pages" is not known; known are page, doubling, plus-20-percent, arena-4-mib'],
    ["", 'the growth rule "" is not known'],
    ["page 0 100", "the second word is the TTL, 1 to 86400000 ms"],
    ["page 99999999999999999999999999 100", "the second word is the TTL"],
    ["page 1e3 100", "the second word is the TTL"],
    ["page 60000", "the third word is the size of an entry, 0 to 16000 bytes"],
    ["page 60000 16001", "the third word is the size of an entry"],
    ["page 60000 100 more", "there are more than three words"],
  ])('configured with "%s"', (pluginConfiguration, message) => {
    expect(() => hosted(allowing(), pluginConfiguration)).toThrow(
      `the filter does not start: configuration: ${message}`,
    );
  });

  it("with a rule that only the caller's types forbid", async () => {
    const rule = "no-such-rule" as "page";
    await expect(WasmGuest.start(rule, SHAPE, 10)).rejects.toThrow('the growth rule "no-such-rule" is not known');
  });
});

describe("our own module", () => {
  it("answers requests for one key that come together, and keeps one entry", async () => {
    const filter = hosted();
    const decisions = await Promise.all([1, 2, 3].map(() => filter.decide(0, requestFor("/same"))));
    expect(decisions.map(({ kind }) => kind)).toEqual(["continue", "continue", "continue"]);
    expect(filter.calls).toBe(3);
    expect(filter.decide(1, requestFor("/same"))).toMatchObject({ kind: "continue" });
    expect(filter.calls).toBe(3);
  });

  it("refuses the 257th request that would wait, and works on", async () => {
    const filter = hosted();
    const decisions = Array.from({ length: 257 }, (_, key) => filter.decide(0, requestFor(`/${key}`)));
    expect(decisions.at(-1)).toMatchObject({ kind: "respond", status: 503 });
    await Promise.all(decisions);
    expect(await filter.decide(0, requestFor("/256"))).toMatchObject({ kind: "continue" });
  });

  it.each<[string, OutboundResult]>([
    ["403", { ok: true, headers: [[":status", "403"]], body: new Uint8Array(0), trailers: [] }],
    ["nothing", { ok: false, reason: "timeout" }],
  ])("refuses where the authorization server answers %s, and keeps nothing", async (_, reply) => {
    const filter = hosted(reply);
    for (const calls of [1, 2]) {
      expect(await filter.decide(0, requestFor("/a"))).toMatchObject({ kind: "respond", status: 403 });
      expect(filter.calls).toBe(calls);
    }
  });

  it("refuses a path beyond its scratch memory and loses nothing by it", async () => {
    const filter = hosted();
    const before = filter.allocatedBytes;
    for (let count = 0; count < 20; count++) {
      expect(filter.decide(0, requestFor(`/${"x".repeat(200_000)}`))).toMatchObject({ kind: "respond" });
    }
    expect(await filter.decide(0, requestFor("/a"))).toMatchObject({ kind: "continue" });
    expect(filter.allocatedBytes).toBe(before + 65_536);
  });
});

describe("a guest made of any module", () => {
  it("is the same as our own with the same module and configuration", async () => {
    const options = { requests: 3_000, keyCount: 2_000, spacingMs: 40, restart: 0.001 };
    const any = await ModuleGuest.start(guestsFile, "doubling 60000 100");
    const own = await WasmGuest.start("doubling", SHAPE, options.keyCount);
    expect(any.liveBytes).toBeNaN();
    expect(await firstDifference(any, own, scenario(3, options))).toBeUndefined();
  });

  it("names a filter that holds requests back for good", async () => {
    const guest = await ModuleGuest.start(pausingFilter(), "");
    await expect(guest.request(0, 1)).rejects.toThrow("holds a request back and waits for no call");
  });

  it("needs a file that is a module, and a configuration that the module takes", async () => {
    await expect(ModuleGuest.start(guestsFile.replace("guests.wasm", "none.wasm"), "")).rejects.toThrow("ENOENT");
    await expect(ModuleGuest.start(import.meta.filename, "")).rejects.toThrow(WebAssembly.CompileError);
    await expect(ModuleGuest.start(guestsFile, "nonsense")).rejects.toThrow('the growth rule "nonsense" is not known');
  });
});

it("the built-in guest tells requests apart by their key", async () => {
  const guest = await BuiltInGuest.start(SHAPE);
  expect(await guest.request(0, 1)).toBe(false);
  expect(await guest.request(0, 2)).toBe(false);
  expect(await guest.request(0, 1)).toBe(true);
});

it.each(ALL_RULES)("a real module of %s says that it hands nothing over", async (rule) => {
  const guest = await startReal(rule, SHAPE, 10);
  expect(() => guest.restart(0, true)).toThrow(/model/);
});
