import { LOG_LEVELS, Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { isWanted, logLines, lowestLevel } from "../log-lines.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function logFunctions(vm: Vm): HostFunctions {
  return {
    proxy_log(level: number, pointer: number, size: number): Status {
      const name = LOG_LEVELS[level];
      if (name === undefined) return Status.BAD_ARGUMENT;
      if (!vm.memory.holds(pointer, size)) return Status.INVALID_MEMORY_ACCESS;
      if (!isWanted(vm, name)) return Status.OK;
      const message = vm.memory.readValue(pointer, Math.min(size >>> 0, HOST_LIMITS.logLineBytes));
      if (message !== undefined) logLines(vm, name, message);
      return Status.OK;
    },

    proxy_get_log_level(levelOut: number): Status {
      return vm.memory.writeU32(levelOut, lowestLevel(vm.services));
    },
  };
}
