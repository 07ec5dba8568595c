import { Status } from "../abi.ts";
import type { HostFunctions } from "./host-function.ts";

/** Functions outside the ABI that old toolchains import, and ABI functions with nothing to do here. */
export function platformFunctions(): HostFunctions {
  return {
    /** ABI 0.1.0. There is no route cache to clear. */
    proxy_clear_route_cache: (): Status => Status.OK,

    /** Emscripten reports growth. Nothing to do: every access checks the current memory. The result is not read. */
    emscripten_notify_memory_growth: (): Status => Status.OK,

    /** Emscripten without threads: handles are equal if they are the same number. Returns a boolean. */
    pthread_equal: (left: number, right: number): number => (left === right ? 1 : 0),
  };
}
