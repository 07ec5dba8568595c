import { Status, StreamType } from "../abi.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

/** Contexts and their life cycle. Nothing here acts at once: changes take effect when the guest has returned. */
export function contextFunctions(vm: Vm): HostFunctions {
  /**
   * Outside a stream, for a stream that is gone, or for a message that is not held back, there is nothing to continue or
   * close. The result is OK, as in Envoy.
   */
  const resume = (direction: "request" | "response"): Status => {
    const stream = vm.stream;
    const message = stream?.[direction];
    if (stream === undefined || message === undefined) return Status.OK;
    message.resumeRequested = true;
    vm.touch(stream);
    return Status.OK;
  };

  /** Request and response are one stream: closing it stops both. */
  const close = (): Status => {
    const stream = vm.stream;
    if (stream === undefined) return Status.OK;
    stream.closeRequested = true;
    vm.touch(stream);
    return Status.OK;
  };

  return {
    proxy_set_effective_context(contextId: number): Status {
      const context = vm.contexts.get(contextId >>> 0);
      if (context === undefined) return Status.BAD_ARGUMENT;
      vm.scope.setEffective(context);
      return Status.OK;
    },

    proxy_done(): Status {
      const stream = vm.stream;
      if (stream?.phase !== "awaiting_done" || stream.doneReported) return Status.NOT_FOUND;
      stream.doneReported = true;
      vm.touch(stream);
      return Status.OK;
    },

    proxy_continue_stream(streamType: number): Status {
      switch (streamType) {
        case StreamType.REQUEST:
          return resume("request");
        case StreamType.RESPONSE:
          return resume("response");
        case StreamType.DOWNSTREAM:
        case StreamType.UPSTREAM:
          return Status.UNIMPLEMENTED;
        default:
          return Status.BAD_ARGUMENT;
      }
    },

    proxy_close_stream(streamType: number): Status {
      switch (streamType) {
        case StreamType.REQUEST:
        case StreamType.RESPONSE:
          return close();
        case StreamType.DOWNSTREAM:
        case StreamType.UPSTREAM:
          return Status.UNIMPLEMENTED;
        default:
          return Status.BAD_ARGUMENT;
      }
    },

    /** ABI 0.1.0 */
    proxy_continue_request: (): Status => resume("request"),
    proxy_continue_response: (): Status => resume("response"),

    proxy_get_status(codeOut: number, messagePointerOut: number, messageSizeOut: number): Status {
      const status = vm.memory.writeU32(codeOut, vm.reply?.statusCode ?? 0);
      if (status !== Status.OK) return status;
      return vm.memory.returnText(vm.reply?.statusMessage ?? "", messagePointerOut, messageSizeOut);
    },
  };
}
