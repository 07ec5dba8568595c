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
  const failedBy = (reason: DecisionFailure, why: string) => failed(vm, stream, reason, why, paused);
  if (vm.failure !== undefined) return failedBy(vm.failure.reason, vm.failure.message);
  if (stream.failure !== undefined) return failedBy(stream.failure.reason, stream.failure.message);
  if (stream.phase !== "open" || message.refused) return failedBy("ended", "the stream is over");
  if (localResponse === undefined) {
    if (stream.refusedResponse !== undefined) {
      return failedBy("invalid_local_response", `the filter's local response: ${stream.refusedResponse}`);
    }
  } else if (!stream.localResponseTaken) {
    const { status, headers, body, details } = localResponse;
    const outcome = { kind: "respond", status, headers, body, details, calls, paused } as const;
    return vm.isUnserved(stream) ? { ...outcome, unserved: true } : outcome;
  }
  if (stream.closeRequested) return failedBy("stream_closed", "the filter closed the stream");
  return undefined;
}

/** After a failure of the whole filter, its last lines say most; otherwise those about the stream. */
export function failed(
  vm: Vm,
  stream: StreamContext,
  reason: DecisionFailure,
  message: string,
  paused: boolean,
): FailedOutcome {
  const lastLines = vm.failure?.lastLines ?? vm.keptLines.lastOf(stream.id);
  const outcome = { kind: "failed", reason, message, calls: stream.calls, paused } as const;
  return lastLines.length === 0 ? outcome : { ...outcome, lastLines };
}
