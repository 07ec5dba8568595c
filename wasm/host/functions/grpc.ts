import { Status } from "../abi.ts";
import { GRPC_FUNCTION_NAMES } from "../function-catalog.ts";
import type { Vm } from "../vm.ts";
import type { HostFunction, HostFunctions } from "./host-function.ts";

/** A function that this host does not have, and says so. */
export function unimplemented(vm: Vm, name: string): HostFunction {
  return function unimplemented() {
    vm.noteUnserved("function", name);
    return String(Status.UNIMPLEMENTED);
  };
}

/** Workers can neither use HTTP/2 to an upstream nor send trailers, so these functions return UNIMPLEMENTED. */
export function grpcFunctions(vm: Vm): HostFunctions {
  return Object.fromEntries(GRPC_FUNCTION_NAMES.map((name) => [name, unimplemented(vm, name)]));
}
