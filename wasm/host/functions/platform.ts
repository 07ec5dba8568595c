import { Status } from "../abi.ts";
import type { HostFunctions } from "./host-function.ts";

/** What old toolchains import beside the ABI, and what of the ABI has nothing to act on here. */
export function platformFunctions(): HostFunctions {
  return {
    /** ABI 0.1.0. There is no route cache here, so there is nothing to clear: done. */
    proxy_clear_route_cache: (): Status => Status.OK,

    /** Emscripten reports growth; every access looks at the memory as it is anyway. Its result is not read. */
    emscripten_notify_memory_growth: (): Status => Status.OK,

    /** Emscripten without threads: thread handles are equal if they are the same number. Answers a boolean. */
    pthread_equal: (left: number, right: number): number => (left === right ? 1 : 0),
  };
}
