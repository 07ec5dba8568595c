import { describe, expect, it } from "vitest";
import { ABI_VERSIONS, type WasiFunction } from "./puppet/abi-table.ts";
import type { Guest, Scripted } from "./puppet/guest.ts";
import { startPuppet } from "./puppet/start-puppet.ts";

/** `errno` of WASI preview 1. */
const Errno = { SUCCESS: 0, BADF: 8, FAULT: 21, INVAL: 28, NOENT: 44, NOSYS: 52, NOTSUP: 58 } as const;

/** Writes vectors of these texts into memory; returns their address. */
function* vectors(guest: Guest, ...texts: string[]): Scripted<number> {
  const table = new Uint8Array(8 * texts.length);
  const view = new DataView(table.buffer);
  for (const [index, text] of texts.entries()) {
    const { address, size } = yield* guest.place(text);
    view.setUint32(8 * index, address, true);
    view.setUint32(8 * index + 4, size, true);
  }
  return (yield* guest.place(table)).address;
}

/** 1.6: the WASI functions that runtimes of real SDKs call, and the results they rely on. */
describe.each(ABI_VERSIONS)("WASI for a filter of ABI %s", (abi) => {
  const inConfigure = (script: (guest: Guest) => Scripted<void>) =>
    startPuppet(abi, {
      *configure(guest) {
        yield* script(guest);
      },
    });

  it("logs standard output as info and standard error as error, line by line", () => {
    const { director } = inConfigure(function* (guest) {
      const output = yield* guest.call("fd_write", 1, yield* vectors(guest, "one ", "line\ntwo\n"), 2);
      expect(output).toMatchObject({ status: Errno.SUCCESS, outs: [13] });
      expect(yield* guest.status("fd_write", 2, yield* vectors(guest, "bad"), 1)).toBe(Errno.SUCCESS);
    });
    expect(director.lines).toEqual(["one line", "two", "bad"]);
    expect(director.levels).toEqual(["info", "info", "error"]);
  });

  it("logs text written in pieces, such as panic messages, as one line", () => {
    const { director } = inConfigure(function* (guest) {
      for (const piece of ["panicked at ", "filter.rs", ":12\nnote: ", "none"]) {
        expect(yield* guest.status("fd_write", 2, yield* vectors(guest, piece), 1)).toBe(Errno.SUCCESS);
      }
    });
    expect(director.lines).toEqual(["panicked at filter.rs:12", "note: none"]);
  });

  it("logs all of a line that a trap cuts off", () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        yield* guest.status("fd_write", 2, yield* vectors(guest, "half a line"), 1);
        return yield* guest.trap();
      },
    });
    decide();
    expect(director.lines[0]).toBe("half a line");
    expect(director.levels).toEqual(["error", "critical"]);
  });

  it("writes nothing to other descriptors, nor from outside memory", () => {
    const { director } = inConfigure(function* (guest) {
      const lines = yield* vectors(guest, "line");
      for (const fd of [0, 3, -1]) expect(yield* guest.status("fd_write", fd, lines, 1)).toBe(Errno.BADF);
      expect(yield* guest.status("fd_write", 1, 0xffff_fff0, 1)).toBe(Errno.FAULT);
      expect((yield* guest.raw("fd_write", 1, lines, 1, 0xffff_fffe)).status).toBe(Errno.FAULT);
      expect(yield* guest.status("fd_write", 1, lines, 0x7fff_ffff)).not.toBe(Errno.SUCCESS);
    });
    expect(director.lines).toEqual([]);
  });

  it("uses the embedder's randomness, up to 64 KiB at a time", () => {
    inConfigure(function* (guest) {
      const address = yield* guest.filled(16, 0);
      expect((yield* guest.raw("random_get", address, 8)).status).toBe(Errno.SUCCESS);
      expect([...(yield* guest.read(address, 9))]).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 0]);
      expect((yield* guest.raw("random_get", address, 65_537)).status).toBe(Errno.INVAL);
      expect((yield* guest.raw("random_get", 0xffff_fff0, 32)).status).toBe(Errno.FAULT);
    });
  });

  it("has the clocks 0 and 1, in nanoseconds", () => {
    inConfigure(function* (guest) {
      for (const clock of [0, 1]) {
        const time = yield* guest.call("clock_time_get", clock, 0n);
        expect(time).toMatchObject({ status: Errno.SUCCESS, out64: 1_760_000_000_000_250_000n });
      }
      for (const clock of [2, 3, -1]) expect(yield* guest.status("clock_time_get", clock, 0n)).toBe(Errno.NOTSUP);
      expect((yield* guest.raw("clock_time_get", 0, 0n, 0xffff_fffa)).status).toBe(Errno.FAULT);
    });
  });

  it("has no arguments and no environment", () => {
    inConfigure(function* (guest) {
      for (const name of ["args_sizes_get", "environ_sizes_get"] as const) {
        expect(yield* guest.call(name)).toMatchObject({ status: Errno.SUCCESS, outs: [0, 0] });
      }
      for (const name of ["args_get", "environ_get"] as const) {
        expect(yield* guest.status(name, 0, 0)).toBe(Errno.SUCCESS);
      }
    });
  });

  it("lets Go's runtime poll, and ends its scan for directories", () => {
    inConfigure(function* (guest) {
      const subscription = yield* guest.filled(48, 0);
      const event = yield* guest.filled(32, 0xff);
      expect(yield* guest.call("poll_oneoff", subscription, event, 1)).toMatchObject({
        status: Errno.SUCCESS,
        outs: [1],
      });
      expect(yield* guest.status("sched_yield")).toBe(Errno.SUCCESS);
      expect(yield* guest.status("fd_prestat_get", 3)).toBe(Errno.BADF);
      expect(yield* guest.status("fd_prestat_dir_name", 3, "")).toBe(Errno.BADF);
    });
  });

  it("reports that standard output and error can be written", () => {
    inConfigure(function* (guest) {
      const address = yield* guest.filled(32, 0xff);
      for (const fd of [1, 2]) {
        expect(yield* guest.status("fd_fdstat_get", fd, address)).toBe(Errno.SUCCESS);
        const stat = yield* guest.read(address, 25);
        expect(new DataView(stat.buffer).getBigUint64(8, true)).toBe(64n);
        expect(stat[24]).toBe(0xff);
      }
      expect(yield* guest.status("fd_fdstat_get", 3, address)).toBe(Errno.BADF);
      expect(yield* guest.status("fd_fdstat_get", 1, 0xffff_fff0)).toBe(Errno.FAULT);
    });
  });

  it.each<[WasiFunction, (number | bigint)[], number]>([
    ["fd_read", [0, 0, 0, 0], Errno.NOSYS],
    ["fd_fdstat_set_flags", [1, 0], Errno.NOSYS],
    ["path_open", [3, 0, 0, 0, 0, 0n, 0n, 0, 0], Errno.NOENT],
    ["fd_close", [3], Errno.BADF],
    ["fd_seek", [3, 0n, 0, 0], Errno.BADF],
  ])("has no files: %s", (name, args, errno) => {
    inConfigure(function* (guest) {
      expect((yield* guest.raw(name, ...args)).status).toBe(errno);
    });
  });
});
