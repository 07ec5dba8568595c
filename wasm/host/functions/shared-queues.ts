import { Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function sharedQueueFunctions(vm: Vm): HostFunctions {
  const { queues } = vm.services.shared;
  return {
    /** The filter that registered a queue last gets its `on_queue_ready`. */
    proxy_register_shared_queue(namePointer: number, nameSize: number, idOut: number): Status {
      const name = vm.memory.readKey(namePointer, nameSize);
      if (name === undefined || !vm.memory.holds(idOut, 4)) return Status.INVALID_MEMORY_ACCESS;
      const id = queues.register(vm.options.vmId, name, vm.queueEvents.notify);
      return id === undefined ? Status.INTERNAL_FAILURE : vm.memory.writeU32(idOut, id);
    },

    /** An empty VM id means the filter's own. */
    proxy_resolve_shared_queue(
      vmIdPointer: number,
      vmIdSize: number,
      namePointer: number,
      nameSize: number,
      idOut: number,
    ): Status {
      const vmId = vm.memory.readText(vmIdPointer, vmIdSize);
      const name = vm.memory.readKey(namePointer, nameSize);
      if (vmId === undefined || name === undefined || !vm.memory.holds(idOut, 4)) return Status.INVALID_MEMORY_ACCESS;
      const id = queues.resolve(vmId === "" ? vm.options.vmId : vmId, name);
      return id === undefined ? Status.NOT_FOUND : vm.memory.writeU32(idOut, id);
    },

    proxy_enqueue_shared_queue(id: number, pointer: number, size: number): Status {
      if (!queues.has(id >>> 0)) return Status.NOT_FOUND;
      if (!vm.memory.holds(pointer, size)) return Status.INVALID_MEMORY_ACCESS;
      if (size >>> 0 > HOST_LIMITS.queuedBytes) return Status.INTERNAL_FAILURE;
      const message = vm.memory.readBytes(pointer, size);
      return message === undefined ? Status.INVALID_MEMORY_ACCESS : queues.enqueue(id >>> 0, message);
    },

    /** A message that could not be returned stays in the queue. */
    proxy_dequeue_shared_queue(id: number, pointerOut: number, sizeOut: number): Status {
      if (!queues.has(id >>> 0)) return Status.NOT_FOUND;
      const message = queues.first(id >>> 0);
      if (message === undefined) return Status.EMPTY;
      const status = vm.memory.returnBytes(message, pointerOut, sizeOut);
      // The guest's allocator ran meanwhile and may have dequeued a message itself.
      if (status === Status.OK) queues.remove(id >>> 0, message);
      return status;
    },
  };
}
