import type { Status } from "../abi.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function clockFunctions(vm: Vm): HostFunctions {
  return {
    proxy_get_current_time_nanoseconds(timeOut: number): Status {
      return writeTime(vm, timeOut);
    },
  };
}

/** Writes the wall clock plus `aheadMs` as 64-bit nanoseconds since 1970. */
export function writeTime(vm: Vm, timeOut: number, aheadMs = 0): Status {
  const { high, low } = nanosecondsOf(vm.services.nowMs() + aheadMs);
  return vm.memory.writeU64(timeOut, high, low);
}

/**
 * Converts milliseconds to nanoseconds in two 32-bit halves. Today's nanoseconds (1.8e18) exceed 2^53, so the product is
 * computed in 16-bit parts of the milliseconds. A BigInt would be exact too, but allocates for each clock read.
 */
export function nanosecondsOf(ms: number): { high: number; low: number } {
  const wholeMs = Math.floor(ms);
  const upper = Math.floor(wholeMs / 0x1_0000) * 1e6;
  const lower = (wholeMs % 0x1_0000) * 1e6 + Math.floor((ms - wholeMs) * 1e6) + (upper % 0x1_0000) * 0x1_0000;
  return {
    high: (Math.floor(upper / 0x1_0000) + Math.floor(lower / 0x1_0000_0000)) >>> 0,
    low: lower >>> 0,
  };
}
