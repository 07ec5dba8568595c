import { BufferType, Status } from "../abi.ts";
import { accountHeld } from "../held-bodies.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Message } from "../message.ts";
import { bodyLimitBytes } from "../message-passage.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

const MAX_U32 = 0xffff_ffff;

export function bufferFunctions(vm: Vm): HostFunctions {
  const isKnown = (type: number): boolean =>
    type >= BufferType.REQUEST_BODY && type <= BufferType.FOREIGN_FUNCTION_ARGUMENTS;

  /** The buffer's bytes; undefined if it is not available now. */
  const contentOf = (type: number): Uint8Array | undefined => {
    switch (type) {
      case BufferType.REQUEST_BODY:
        return shown(vm.stream?.request)?.body?.bytes;
      case BufferType.RESPONSE_BODY:
        return shown(vm.stream?.response)?.body?.bytes;
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
      // SDKs request everything as (0, 0xffffffff). Only a sum beyond 32 bits is an error, as in Envoy.
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

    /**
     * Writes bodies only; configurations and replies are read-only. (0, 0) prepends the bytes, a start beyond the end
     * appends them, (0, all) replaces the body. Other ranges replace a part, as specified; Envoy rejects those.
     */
    proxy_set_buffer_bytes(type: number, start: number, replacedSize: number, pointer: number, size: number): Status {
      if (!isKnown(type)) return Status.BAD_ARGUMENT;
      const { memory, stream } = vm;
      if (!memory.holds(pointer, size)) return Status.INVALID_MEMORY_ACCESS;
      const message = shown(type === BufferType.REQUEST_BODY ? stream?.request : stream?.response);
      const body = message?.body;
      if (stream === undefined || message === undefined || body === undefined || !isBody(type)) {
        return contentOf(type) === undefined ? Status.NOT_FOUND : Status.BAD_ARGUMENT;
      }
      const from = Math.min(start >>> 0, body.length);
      const replaced = Math.min(replacedSize >>> 0, body.length - from);
      const grownBytes = body.length - replaced + (size >>> 0);
      if (grownBytes > Math.max(body.length, bodyLimitBytes(stream))) return Status.BAD_ARGUMENT;
      // Counted at once: one callback can reach the bodies of all streams through their effective contexts.
      const heldBytes = vm.heldBodyBytes - message.heldBytes + grownBytes;
      if (grownBytes > body.length && heldBytes > HOST_LIMITS.heldBodyBytes) return Status.BAD_ARGUMENT;
      const content = memory.readBytes(pointer, size);
      if (content === undefined) return Status.INVALID_MEMORY_ACCESS;
      body.splice(from, replaced, content);
      accountHeld(vm, message);
      return Status.OK;
    },

    /** ABI 0.1.0: the VM's configuration in `on_vm_start`, else the plugin's. */
    proxy_get_configuration(pointerOut: number, sizeOut: number): Status {
      const content = vm.stage === "vm_start" ? vm.options.vmConfiguration : vm.options.pluginConfiguration;
      return vm.memory.returnBytes(content, pointerOut, sizeOut);
    },
  };
}

function isBody(type: number): boolean {
  return type === BufferType.REQUEST_BODY || type === BufferType.RESPONSE_BODY;
}

/** The message, while the guest may access its body. */
function shown(message: Message | undefined): Message | undefined {
  return message?.bodyShown ? message : undefined;
}
