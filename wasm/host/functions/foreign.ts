import { Status } from "../abi.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function foreignFunctions(vm: Vm): HostFunctions {
  return {
    /** Functions outside the ABI that a host may provide by name. This host provides none. */
    proxy_call_foreign_function(
      namePointer: number,
      nameSize: number,
      argumentsPointer: number,
      argumentsSize: number,
      _pointerOut: number,
      _sizeOut: number,
    ): Status {
      const readable = vm.memory.holds(namePointer, nameSize) && vm.memory.holds(argumentsPointer, argumentsSize);
      return readable ? Status.NOT_FOUND : Status.INVALID_MEMORY_ACCESS;
    },
  };
}
