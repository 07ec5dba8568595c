import { Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function foreignFunctions(vm: Vm): HostFunctions {
  /** The embedder's answer; "failed" if it threw or has no bytes, such as the promise of an async function. */
  const answerOf = (name: string, argument: Uint8Array): Uint8Array | undefined | "failed" => {
    try {
      const answer: unknown = vm.services.foreignFunction?.(name, argument);
      if (answer === undefined || answer instanceof Uint8Array) return answer;
      throw new TypeError("its result is no Uint8Array");
    } catch (error) {
      // The guest chose the name: it must not make lines of its own.
      vm.services.log("error", `the foreign function ${JSON.stringify(name)} failed in the host: ${String(error)}`);
      return "failed";
    }
  };

  return {
    /** Functions outside the ABI that the embedder may provide by name. */
    proxy_call_foreign_function(
      namePointer: number,
      nameSize: number,
      argumentPointer: number,
      argumentSize: number,
      pointerOut: number,
      sizeOut: number,
    ): Status {
      const { memory } = vm;
      if (!memory.holds(namePointer, nameSize) || !memory.holds(argumentPointer, argumentSize)) {
        return Status.INVALID_MEMORY_ACCESS;
      }
      if (argumentSize >>> 0 > HOST_LIMITS.foreignFunctionBytes) return Status.BAD_ARGUMENT;
      const name = memory.readText(namePointer, nameSize);
      const argument = memory.readBytes(argumentPointer, argumentSize);
      const result = name === undefined || argument === undefined ? undefined : answerOf(name, argument);
      if (result === undefined) {
        vm.noteUnserved("foreign_function", name ?? "");
        return Status.NOT_FOUND;
      }
      if (result === "failed" || result.length > HOST_LIMITS.foreignFunctionBytes) return Status.INTERNAL_FAILURE;
      // A guest that ignores the result may omit its addresses.
      if (pointerOut === 0 && sizeOut === 0) return Status.OK;
      return memory.returnBytes(result, pointerOut, sizeOut);
    },
  };
}
