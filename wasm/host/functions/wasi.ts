import { Status } from "../abi.ts";
import { GuestExit } from "../failures.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { isWanted } from "../log-lines.ts";
import type { Vm } from "../vm.ts";
import { writeTime } from "./clock.ts";
import { Errno } from "./errno.ts";
import type { HostFunctions } from "./host-function.ts";
import { pollOneoff } from "./poll.ts";

const STDOUT = 1;
const STDERR = 2;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
/** Size of `fdstat`, and the offset and value of the write right in it. */
const FDSTAT_BYTES = 24;
const FDSTAT_RIGHTS_AT = 8;
const RIGHT_FD_WRITE = 64;

/**
 * The part of WASI preview 1 that Proxy-Wasm toolchains import: no files, no arguments, no environment; standard output
 * and error become log lines. Results match Envoy's host, since language runtimes rely on them (Go ends its scan for
 * directories at BADF and needs `poll_oneoff` to succeed).
 */
export function wasiFunctions(vm: Vm): HostFunctions {
  const { memory } = vm;
  const errno = (status: Status): Errno => (status === Status.OK ? Errno.SUCCESS : Errno.FAULT);

  /** No arguments or no environment variables: zero strings, zero bytes. */
  const writeNoStrings = (countOut: number, bytesOut: number): Errno => {
    const counted = errno(memory.writeU32(countOut, 0));
    return counted === Errno.SUCCESS ? errno(memory.writeU32(bytesOut, 0)) : counted;
  };
  const succeed = (): Errno => Errno.SUCCESS;
  const noSystem = (): Errno => Errno.NOSYS;

  return {
    fd_write(fd: number, vectors: number, count: number, writtenOut: number): Errno {
      if (fd !== STDOUT && fd !== STDERR) return Errno.BADF;
      if (count >>> 0 > HOST_LIMITS.ioVectors) return Errno.INVAL;
      if (!memory.holds(writtenOut, 4)) return Errno.FAULT;
      const level = fd === STDOUT ? "info" : "error";
      const wanted = isWanted(vm, level);
      const pieces: Uint8Array[] = [];
      let room: number = HOST_LIMITS.logLineBytes;
      let written = 0;
      for (let index = 0; index < count >>> 0; index++) {
        const pointer = memory.readU32((vectors >>> 0) + 8 * index);
        const size = memory.readU32((vectors >>> 0) + 8 * index + 4);
        if (pointer === undefined || size === undefined || !memory.holds(pointer, size)) return Errno.FAULT;
        written += size;
        const piece = wanted && room > 0 ? memory.readBytes(pointer, Math.min(size, room)) : undefined;
        if (piece === undefined) continue;
        pieces.push(piece);
        room -= piece.length;
      }
      if (pieces.length > 0) vm.output.write(level, joined(pieces));
      return errno(memory.writeU32(writtenOut, written));
    },

    proc_exit(code: number): never {
      const exit = new GuestExit(code >>> 0);
      // Recorded before the throw: a guest with exception handling could catch it. A command that exits `_start` with
      // code 0 has not failed; its exports keep working.
      if (vm.stage !== "loading" || exit.code !== 0) vm.fail(exit);
      throw exit;
    },

    random_get(pointer: number, size: number): Errno {
      if (size >>> 0 > HOST_LIMITS.randomBytes) return Errno.INVAL;
      if (!memory.holds(pointer, size)) return Errno.FAULT;
      const bytes = new Uint8Array(size >>> 0);
      vm.services.randomBytes(bytes);
      return errno(memory.writeBytes(pointer, bytes));
    },

    clock_time_get(clock: number, _precision: bigint, timeOut: number): Errno {
      if (clock !== CLOCK_REALTIME && clock !== CLOCK_MONOTONIC) return Errno.NOTSUP;
      return errno(writeTime(vm, timeOut, clock === CLOCK_MONOTONIC ? vm.sleptMs : 0));
    },

    args_sizes_get: writeNoStrings,
    environ_sizes_get: writeNoStrings,
    args_get: succeed,
    environ_get: succeed,
    sched_yield: succeed,

    poll_oneoff: (subscriptions: number, events: number, count: number, eventsOut: number): Errno =>
      pollOneoff(vm, subscriptions, events, count, eventsOut),

    fd_fdstat_get(fd: number, statOut: number): Errno {
      if (fd !== STDOUT && fd !== STDERR) return Errno.BADF;
      const stat = new Uint8Array(FDSTAT_BYTES);
      stat[FDSTAT_RIGHTS_AT] = RIGHT_FD_WRITE;
      return errno(memory.writeBytes(statOut, stat));
    },

    fd_close: (fd: number): Errno => (fd >= 0 && fd <= STDERR ? Errno.SUCCESS : Errno.BADF),
    fd_seek: (fd: number): Errno => (fd >= 0 && fd <= STDERR ? Errno.SPIPE : Errno.BADF),
    fd_prestat_get: (): Errno => Errno.BADF,
    fd_prestat_dir_name: (): Errno => Errno.BADF,
    fd_read: noSystem,
    fd_fdstat_set_flags: noSystem,
    path_open: (): Errno => Errno.NOENT,
    path_filestat_get: noSystem,
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** The implementation of unknown WASI functions. */
export const wasiNoSystem = (): string => String(Errno.NOSYS);
