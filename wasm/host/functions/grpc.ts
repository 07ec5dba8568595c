import { Status } from "../abi.ts";
import { GRPC_FUNCTION_NAMES } from "../function-catalog.ts";
import type { HostFunctions } from "./host-function.ts";

export const unimplemented = (): string => String(Status.UNIMPLEMENTED);

/** Workers can neither use HTTP/2 to an upstream nor send trailers, so these functions return UNIMPLEMENTED. */
export function grpcFunctions(): HostFunctions {
  return Object.fromEntries(GRPC_FUNCTION_NAMES.map((name) => [name, unimplemented]));
}
