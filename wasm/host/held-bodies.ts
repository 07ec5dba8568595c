import type { Message } from "./message.ts";
import type { Vm } from "./vm.ts";

/** Updates the count of held body bytes, of the message and of all the filter's streams together. */
export function accountHeld(vm: Vm, message: Message): void {
  const heldBytes = (message.body?.length ?? 0) + (message.released?.length ?? 0);
  vm.heldBodyBytes += heldBytes - message.heldBytes;
  message.heldBytes = heldBytes;
}
