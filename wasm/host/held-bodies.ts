import type { Message } from "./message.ts";
import type { Vm } from "./vm.ts";

/** Counts what is now held of a message's body against what all streams of the filter may hold together. */
export function accountHeld(vm: Vm, message: Message): void {
  const heldBytes = (message.body?.length ?? 0) + (message.released?.length ?? 0);
  vm.heldBodyBytes += heldBytes - message.heldBytes;
  message.heldBytes = heldBytes;
}
