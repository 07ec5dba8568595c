import { Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function sharedDataFunctions(vm: Vm): HostFunctions {
  return {
    proxy_get_shared_data(
      keyPointer: number,
      keySize: number,
      pointerOut: number,
      sizeOut: number,
      casOut: number,
    ): Status {
      if (!vm.memory.holds(keyPointer, keySize) || !vm.memory.holds(casOut, 4)) return Status.INVALID_MEMORY_ACCESS;
      // A key this long cannot have been set.
      const key = vm.memory.readKey(keyPointer, keySize);
      if (key === undefined) return Status.NOT_FOUND;
      const value = vm.sharedData.get(key);
      if (value === undefined) return Status.NOT_FOUND;
      const status = vm.memory.returnBytes(value.bytes, pointerOut, sizeOut);
      return status === Status.OK ? vm.memory.writeU32(casOut, value.cas) : status;
    },

    proxy_set_shared_data(
      keyPointer: number,
      keySize: number,
      valuePointer: number,
      valueSize: number,
      cas: number,
    ): Status {
      if (!vm.memory.holds(keyPointer, keySize) || !vm.memory.holds(valuePointer, valueSize)) {
        return Status.INVALID_MEMORY_ACCESS;
      }
      const key = vm.memory.readKey(keyPointer, keySize);
      if (key === undefined || valueSize >>> 0 > HOST_LIMITS.sharedDataBytes) return Status.INTERNAL_FAILURE;
      const value = vm.memory.readBytes(valuePointer, valueSize);
      if (value === undefined) return Status.INVALID_MEMORY_ACCESS;
      return vm.sharedData.set(key, value, cas >>> 0);
    },
  };
}
