import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { largeFilterFile } from "../../wasm/filter/testing/harness.ts";
import type { OutboundResult } from "../../wasm/host/index.ts";
import { BuiltInGuest, builtInConfiguration } from "./built-in-guest.ts";
import { HostedFilter } from "./hosted-filter.ts";

const SHAPE = { ttlMs: 60_000, entryBytes: 100 };
let file: string;

beforeAll(async () => {
  file = await largeFilterFile();
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

it("the built-in guest refuses a restart with handover", async () => {
  const guest = await BuiltInGuest.start(SHAPE);
  expect(() => guest.restart(0, true)).toThrow(/cannot hand entries over/);
});
