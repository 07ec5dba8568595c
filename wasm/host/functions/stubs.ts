import { Status } from "../abi.ts";
import type { HostFunctions } from "./host-function.ts";

/** Functions of the ABI that this host does not perform. They are there, and say so. */
const UNIMPLEMENTED_NAMES = [
  "proxy_continue_response",
  "proxy_grpc_call",
  "proxy_grpc_stream",
  "proxy_grpc_send",
  "proxy_grpc_cancel",
  "proxy_grpc_close",
  "proxy_register_shared_queue",
  "proxy_resolve_shared_queue",
  "proxy_enqueue_shared_queue",
  "proxy_dequeue_shared_queue",
  "proxy_call_foreign_function",
];

export const unimplemented = (): Status => Status.UNIMPLEMENTED;

export function stubFunctions(): HostFunctions {
  return {
    ...Object.fromEntries(UNIMPLEMENTED_NAMES.map((name) => [name, unimplemented])),

    /** ABI 0.1.0. There is no route cache here, so there is nothing to clear: done. */
    proxy_clear_route_cache: (): Status => Status.OK,

    /** Emscripten reports growth; every access looks at the memory as it is anyway. Its result is not read. */
    emscripten_notify_memory_growth: (): Status => Status.OK,

    /** Emscripten without threads: thread handles are equal if they are the same number. Answers a boolean. */
    pthread_equal: (left: number, right: number): number => (left === right ? 1 : 0),
  };
}
