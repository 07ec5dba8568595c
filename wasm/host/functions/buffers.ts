import { BufferType, Status } from "../abi.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

const MAX_U32 = 0xffff_ffff;

export function bufferFunctions(vm: Vm): HostFunctions {
  const isKnown = (type: number): boolean =>
    type >= BufferType.REQUEST_BODY && type <= BufferType.FOREIGN_FUNCTION_ARGUMENTS;

  /** The buffer's bytes, or undefined where it is not available now. */
  const contentOf = (type: number): Uint8Array | undefined => {
    switch (type) {
      case BufferType.CALL_RESPONSE_BODY:
        return vm.reply?.body;
      case BufferType.VM_CONFIGURATION:
        return vm.options.vmConfiguration;
      case BufferType.PLUGIN_CONFIGURATION:
        return vm.stage === "running" ? undefined : vm.options.pluginConfiguration;
      default:
        return undefined;
    }
  };

  return {
    proxy_get_buffer_bytes(type: number, start: number, maxSize: number, pointerOut: number, sizeOut: number): Status {
      if (!isKnown(type)) return Status.BAD_ARGUMENT;
      const content = contentOf(type);
      if (content === undefined) return Status.NOT_FOUND;
      const from = start >>> 0;
      const size = maxSize >>> 0;
      // SDKs ask for "all" as (0, 0xffffffff); only a sum beyond 32 bits is an error, as in Envoy.
      if (from + size > MAX_U32) return Status.BAD_ARGUMENT;
      return vm.memory.returnBytes(content.subarray(from, from + size), pointerOut, sizeOut);
    },

    proxy_get_buffer_status(type: number, sizeOut: number, unusedOut: number): Status {
      if (!isKnown(type)) return Status.BAD_ARGUMENT;
      const content = contentOf(type);
      if (content === undefined) return Status.NOT_FOUND;
      const status = vm.memory.writeU32(sizeOut, content.length);
      return status === Status.OK ? vm.memory.writeU32(unusedOut, 0) : status;
    },

    /** What is readable here is a configuration or a reply, and neither can be written. */
    proxy_set_buffer_bytes(type: number, _start: number, _size: number, pointer: number, size: number): Status {
      if (!isKnown(type)) return Status.BAD_ARGUMENT;
      if (!vm.memory.holds(pointer, size)) return Status.INVALID_MEMORY_ACCESS;
      return contentOf(type) === undefined ? Status.NOT_FOUND : Status.BAD_ARGUMENT;
    },

    /** ABI 0.1.0: the VM's or the plugin's configuration, whichever is being read. */
    proxy_get_configuration(pointerOut: number, sizeOut: number): Status {
      const content = vm.stage === "vm_start" ? vm.options.vmConfiguration : vm.options.pluginConfiguration;
      return vm.memory.returnBytes(content, pointerOut, sizeOut);
    },
  };
}
