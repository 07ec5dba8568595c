/** The host's side of the handover: whatever a filter with the extension returns, it can harm only itself. */
import { describe, expect, it } from "vitest";
import { HOST_LIMITS } from "./host-limits.ts";
import { inspectModule } from "./inspect.ts";
import { FilterInstance } from "./instance.ts";
import { FakeServices, START } from "./testing/fake-services.setup.ts";
import { guest } from "./testing/wat-guest.setup.ts";

const CHUNK_AT = 2_048;

interface Bodies {
  begin?: string;
  next?: string;
  take?: string;
  purge?: string;
  more?: string;
  allocate?: string;
}

/** A guest with the extension; by default each function does nothing. */
function extended({ begin = "", next = "(i64.const 0)", take = "(i32.const 0)", purge, more = "", allocate }: Bodies) {
  return guest(
    (text) => `
    (func (export "ebb_handover_version_1"))
    (func (export "ebb_handover_begin") (param $budget i32) ${begin})
    (func (export "ebb_handover_next") (param $limit i32) (result i64) ${next})
    (func (export "ebb_handover_take") (param $at i32) (param $size i32) (result i32) ${take})
    (func (export "ebb_handover_end") (call $log ${text("end")}))
    (func (export "ebb_handover_abandon") (call $log ${text("abandon")}))
    (func (export "ebb_purge_all") (result i32) (i32.const -1))
    (func (export "ebb_purge_credential") (param $at i32) (param $size i32) (result i32)
      ${purge ?? "(call $log (local.get $at) (local.get $size)) (i32.const 3)"})
    ${more}`,
    allocate === undefined ? {} : { allocate },
  );
}

function start(module: WebAssembly.Module) {
  const services = new FakeServices();
  const reported: string[] = [];
  const events = { replied: () => reported.push("replied"), tookChunk: () => reported.push("tookChunk") };
  const instance = FilterInstance.start(module, services, { ...START, events });
  if (instance.handover === undefined) throw new Error("the guest has no handover");
  return { services, instance, handover: instance.handover, reported };
}

/** What `next` returns for a chunk of this size at this address. */
function packed(address: number, size: number): string {
  return `(i64.const ${(BigInt(address) << 32n) | BigInt(size)})`;
}

const tells = `(i32.store8 (i32.const ${CHUNK_AT}) (i32.const 42)) ${packed(CHUNK_AT, 3)}`;

describe("a module", () => {
  it("has the extension if it exports the marker and every function", () => {
    expect(inspectModule(extended({})).handover).toBe(true);
    const part = guest(
      () => `(func (export "ebb_handover_version_1")) (func (export "ebb_purge_all") (result i32) (i32.const 0))`,
    );
    for (const module of [part, guest(() => "")]) {
      expect(inspectModule(module).handover).toBe(false);
      expect(FilterInstance.start(module, new FakeServices(), START).handover).toBeUndefined();
    }
  });
});

describe("the next chunk", () => {
  it("is a copy of what the guest points at", () => {
    const { handover } = start(extended({ next: tells }));
    const step = handover.next();
    expect(step).toEqual({ kind: "chunk", bytes: Uint8Array.from([42, 0, 0]) });
    expect(step.kind === "chunk" && step.bytes.buffer.byteLength).toBe(3);
  });

  it.each([
    [0, 32_768],
    [-1, 32_768],
    [Number.NaN, 32_768],
    [40_000.5, 40_000],
    [Number.POSITIVE_INFINITY, HOST_LIMITS.handoverChunkBytes],
  ])("requested with %d has at most %i bytes", (asked, expected) => {
    const next = `(i64.or (i64.const ${BigInt(CHUNK_AT) << 32n}) (i64.extend_i32_u (i32.shr_u (local.get $limit) (i32.const 5))))`;
    const step = start(extended({ next })).handover.next(asked);
    expect(step.kind === "chunk" && step.bytes.length).toBe(expected >> 5);
  });

  it.each<[string, string, RegExp]>([
    ["outside memory", packed(65_530, 7), /outside of memory/],
    ["at a negative address", packed(0xffff_ffff, 1), /outside of memory/],
    ["larger than asked for", packed(0, HOST_LIMITS.handoverChunkBytes + 1), /65537 bytes/],
    ["larger than any", "(i64.const -1)", /4294967295 bytes/],
  ])("%s fails the handover, not the filter", (_, next, message) => {
    const { handover, instance } = start(extended({ next }));
    expect(handover.next()).toEqual({ kind: "failed", message: expect.stringMatching(message) });
    expect(instance.failure).toBeUndefined();
  });

  it("from a guest that traps fails the guest", () => {
    const { handover, instance } = start(extended({ next: "(unreachable)" }));
    expect(handover.next().kind).toBe("failed");
    expect(instance.failure?.reason).toBe("trap");
    expect(handover.next()).toEqual({ kind: "failed", message: instance.failure?.message });
    expect(handover.take(new Uint8Array(1))).toEqual({ ok: false, reason: "failed" });
    expect(handover.purgeAll()).toBeUndefined();
  });
});

describe("moving", () => {
  const takes = `(call $log (local.get $at) (local.get $size)) (i32.const 0)`;

  it("passes the chunk to the other instance", () => {
    const old = start(extended({ next: tells }));
    const next = start(extended({ take: takes }));
    expect(old.handover.moveTo(next.handover)).toEqual({ kind: "moved" });
    expect(next.services.lines.at(-1)).toContain("*\0\0");
    expect(next.handover.moveTo(old.handover)).toEqual({ kind: "up-to-date" });
  });

  it("reports why the other instance did not take the chunk", () => {
    const old = start(extended({ next: tells }));
    for (const [code, reason] of [
      [1, "not_a_chunk"],
      [2, "other_configuration"],
      [3, "bad_record"],
      [-7, "failed"],
    ] as const) {
      const next = start(extended({ take: `(i32.const ${code})` }));
      expect(old.handover.moveTo(next.handover)).toMatchObject({
        kind: "failed",
        message: expect.stringContaining(reason),
      });
    }
    const trapped = start(extended({ take: "(unreachable)" }));
    expect(old.handover.moveTo(trapped.handover).kind).toBe("failed");
    expect([old.instance.failure, trapped.instance.failure?.reason]).toEqual([undefined, "trap"]);
  });

  it("to itself is an error", () => {
    const { handover } = start(extended({}));
    expect(() => handover.moveTo(handover)).toThrow(/itself/);
  });
});

describe("taking", () => {
  it("needs the guest's allocator", () => {
    for (const allocate of ["(i32.const 0)", "(i32.const 65535)", "(i32.const -8)"]) {
      const { handover, instance } = start(extended({ allocate }));
      expect(handover.take(new Uint8Array(100))).toEqual({ ok: false, reason: "failed" });
      expect(handover.purgeCredential("abc")).toBeUndefined();
      expect(instance.failure).toBeUndefined();
    }
  });

  it("does not show the guest a chunk that is too large", () => {
    const { handover } = start(extended({ take: "(unreachable)" }));
    const chunk = new Uint8Array(HOST_LIMITS.handoverChunkBytes + 1);
    expect(handover.take(chunk)).toEqual({ ok: false, reason: "not_a_chunk" });
  });

  it("continues streams that the guest resumes meanwhile", async () => {
    const module = extended({
      take: `(drop (call $proxy_set_effective_context (global.get $stream)))
        (drop (call $proxy_continue_stream (i32.const 0))) (i32.const 0)`,
      more: `(global $stream (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (global.set $stream (local.get 0)) (i32.const 1))`,
    });
    const { handover, instance } = start(module);
    const decision = instance.decide({ headers: [], endOfStream: true });
    expect(decision).toBeInstanceOf(Promise);
    expect(handover.take(new Uint8Array(1))).toEqual({ ok: true });
    expect((await decision).kind).toBe("continue");
  });
});

describe("the embedder", () => {
  it("passes budgets and credentials unchanged", () => {
    const { handover, services } = start(
      extended({ begin: `(if (i32.ne (local.get $budget) (i32.const -1)) (then (unreachable)))` }),
    );
    handover.begin(2 ** 40);
    expect(handover.purgeCredential("schlüssel")).toBe(3);
    expect(services.lines.at(-1)).toContain("schlüssel");
    expect(handover.purgeAll()).toBe(0xffff_ffff);
    expect(handover.purgeCredential("x".repeat(HOST_LIMITS.keyBytes + 1))).toBe(0);
    handover.end();
    handover.abandon();
    expect(services.lines.slice(-2).map((line) => line.split(" ").at(-1))).toEqual(["end", "abandon"]);
  });

  it("gets failures and no events once the instance is closed", () => {
    const { handover, instance, reported } = start(extended({ next: tells }));
    handover.take(new Uint8Array(1));
    expect(reported).toEqual(["tookChunk"]);
    instance.close();
    handover.begin(0);
    handover.end();
    expect(handover.next()).toEqual({ kind: "failed", message: "the filter is closed" });
    expect(handover.take(new Uint8Array(1))).toEqual({ ok: false, reason: "failed" });
    expect(handover.purgeAll()).toBeUndefined();
    expect(reported).toEqual(["tookChunk"]);
  });

  it("must not call a handover from within HostServices", () => {
    const { handover, services } = start(extended({}));
    let thrown: unknown;
    services.log = () => {
      try {
        handover.purgeAll();
      } catch (error) {
        thrown = error;
      }
    };
    handover.end();
    expect(String(thrown)).toContain("purgeAll was called from within HostServices");
  });
});
