import type { StreamContext } from "./contexts.ts";
import type { DecisionFailure, FailedOutcome, Refusal } from "./decision.ts";
import type { Message } from "./message.ts";
import type { Vm } from "./vm.ts";

/**
 * Why `message` must not be forwarded, or undefined if it may be. A refusal, even one that could not be sent, overrides
 * every permission.
 */
export function refusalOf(vm: Vm, stream: StreamContext, message: Message): Refusal | undefined {
  const { calls, localResponse } = stream;
  const { paused } = message;
  if (vm.failure !== undefined) return failed(vm.failure.reason, vm.failure.message, calls, paused);
  if (stream.failure !== undefined) return failed(stream.failure.reason, stream.failure.message, calls, paused);
  if (stream.phase !== "open" || message.refused) return failed("ended", "the stream is over", calls, paused);
  if (localResponse === undefined) {
    if (stream.refusedResponse !== undefined) {
      const reason = `the filter's local response: ${stream.refusedResponse}`;
      return failed("invalid_local_response", reason, calls, paused);
    }
  } else if (!stream.localResponseTaken) {
    const { status, headers, body, details } = localResponse;
    return { kind: "respond", status, headers, body, details, calls, paused };
  }
  if (stream.closeRequested) return failed("stream_closed", "the filter closed the stream", calls, paused);
  return undefined;
}

export function failed(reason: DecisionFailure, message: string, calls: number, paused: boolean): FailedOutcome {
  return { kind: "failed", reason, message, calls, paused };
}
