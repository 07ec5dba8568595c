import { describe, expect, it } from "vitest";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const SUCCESS = 0;
const BADF = 8;
const FAULT = 21;
const INVAL = 28;
const WRITTEN_AT = 8;

/** Writes these pieces to a file descriptor in one call. */
function fdWrite(host: HostHarness, fd: number, ...pieces: string[]): number {
  const vectors = new Uint32Array(pieces.flatMap((piece) => host.put(piece)));
  const [pointer] = host.put(new Uint8Array(vectors.buffer));
  return host.call("fd_write", [fd, pointer, pieces.length, WRITTEN_AT]);
}

describe("fd_write", () => {
  it("logs standard output as info and standard error as error, line by line", () => {
    const host = new HostHarness();
    expect(fdWrite(host, 1, "one\ntw", "o\n")).toBe(SUCCESS);
    expect(host.u32(WRITTEN_AT)).toBe(8);
    expect(fdWrite(host, 2, "bad")).toBe(SUCCESS);
    expect(host.services.lines).toEqual(["one", "two", "bad"]);
    expect(host.services.levels).toEqual(["info", "info", "error"]);
  });

  it("reads a character that begins in one piece and ends in the next", () => {
    const host = new HostHarness();
    const pieces = [Uint8Array.of(0x61, 0xc3), Uint8Array.of(0xa9)];
    const vectors = new Uint32Array(pieces.flatMap((piece) => host.put(piece)));
    const [pointer] = host.put(new Uint8Array(vectors.buffer));
    host.call("fd_write", [1, pointer, 2, WRITTEN_AT]);
    expect(host.services.lines).toEqual(["a\u00e9"]);
  });

  it("rejects all other files", () => {
    for (const fd of [0, 3, -1]) expect(fdWrite(new HostHarness(), fd, "x")).toBe(BADF);
  });

  it("rejects addresses outside memory and too many vectors", () => {
    const host = new HostHarness();
    expect(host.call("fd_write", [1, -8, 1, WRITTEN_AT])).toBe(FAULT);
    expect(host.call("fd_write", [1, 65_530, 1, WRITTEN_AT])).toBe(FAULT);
    expect(host.call("fd_write", [1, 0, 1, -1])).toBe(FAULT);
    expect(host.call("fd_write", [1, 0, HOST_LIMITS.ioVectors + 1, WRITTEN_AT])).toBe(INVAL);
  });
});

describe("the environment of language runtimes at their start", () => {
  it("has no arguments, no environment and no directories", () => {
    const host = new HostHarness();
    for (const name of ["args_sizes_get", "environ_sizes_get"]) {
      expect(host.call(name, [0, 4])).toBe(SUCCESS);
      expect([host.u32(0), host.u32(4)]).toEqual([0, 0]);
      expect(host.call(name, [-1, 0])).toBe(FAULT);
    }
    expect(host.call("args_get", [0, 0])).toBe(SUCCESS);
    expect(host.call("environ_get", [0, 0])).toBe(SUCCESS);
    expect(host.call("fd_prestat_get", [3, 0])).toBe(BADF);
    expect(host.call("sched_yield", [])).toBe(SUCCESS);
  });

  it("finds standard output writable, and nothing else", () => {
    const host = new HostHarness();
    expect(host.call("fd_fdstat_get", [1, 32])).toBe(SUCCESS);
    expect([...host.bytes(32, 24)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 64, ...new Array<number>(15).fill(0)]);
    expect(host.call("fd_fdstat_get", [0, 32])).toBe(BADF);
    expect(host.call("fd_fdstat_get", [1, 65_520])).toBe(FAULT);
    expect(host.call("fd_fdstat_set_flags", [1, 0])).toBe(52);
    expect(host.call("fd_read", [0, 0, 0, 0])).toBe(52);
    expect(host.call("path_open", [3, 0, 0, 0, 0, 0n, 0n, 0, 0])).toBe(44);
    expect(host.call("fd_close", [1])).toBe(SUCCESS);
    expect(host.call("fd_close", [9])).toBe(BADF);
    expect(host.call("fd_seek", [1, 0n, 0, 0])).toBe(70);
  });
});

describe("random_get", () => {
  it("fills exactly the requested bytes", () => {
    const host = new HostHarness();
    expect(host.call("random_get", [32, 3])).toBe(SUCCESS);
    expect([...host.bytes(31, 5)]).toEqual([0, 7, 7, 7, 0]);
  });

  it("rejects more than 64 KiB, and addresses outside memory", () => {
    const host = new HostHarness();
    expect(host.call("random_get", [0, 65_537])).toBe(INVAL);
    expect(host.call("random_get", [65_534, 3])).toBe(FAULT);
  });
});

describe("clock_time_get", () => {
  it("returns nanoseconds of both clocks, and rejects others", () => {
    const host = new HostHarness();
    for (const clock of [0, 1]) {
      expect(host.call("clock_time_get", [clock, 1n, 32])).toBe(SUCCESS);
      expect(host.u64(32)).toBe(1_760_000_000_000_250_000n);
    }
    expect(host.call("clock_time_get", [2, 1n, 32])).toBe(58);
    expect(host.call("clock_time_get", [0, 1n, -1])).toBe(FAULT);
  });
});
