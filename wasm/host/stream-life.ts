import { ACTION_CONTINUE } from "./abi.ts";
import { StreamContext } from "./contexts.ts";
import type { Decision, DecisionFailure, StreamRequest } from "./decision.ts";
import { HOST_LIMITS } from "./limits.ts";
import type { Vm } from "./vm.ts";

/**
 * The life of the streams of one VM: created, asked, perhaps paused, decided, and then done, logged and deleted. What a
 * guest asks for a stream is only noted while it runs (see StreamContext) and done here, after it has returned.
 */
export class StreamLife {
  readonly #vm: Vm;
  #undecided = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** Streams without a decision yet. */
  get undecided(): number {
    return this.#undecided;
  }

  open(request: StreamRequest): Decision | Promise<Decision> {
    const vm = this.#vm;
    // The root is one of the contexts.
    if (vm.contexts.size > HOST_LIMITS.openStreams) {
      return failed("too_many_streams", `${HOST_LIMITS.openStreams} streams are open in this filter`, 0, false);
    }
    const stream = new StreamContext(vm.nextContextId(), request, vm.services.nowMs());
    vm.contexts.set(stream.id, stream);
    this.#undecided += 1;

    const action = this.#ask(stream, request.endOfStream);
    const decision = vm.failure === undefined ? outcomeOf(stream, action === ACTION_CONTINUE) : this.#failure(stream);
    if (decision === undefined) {
      stream.phase = "paused";
      const waiting = this.#waitFor(stream, request.signal);
      this.settle();
      return waiting;
    }
    this.#decided(stream);
    this.settle();
    return decision;
  }

  /** Does what the guest asked of streams while it ran. To be called after every callback that is not a stream's own. */
  settle(): void {
    const vm = this.#vm;
    // Finishing a stream calls the guest, which may touch further streams; the loop sees them too.
    for (let index = 0; index < vm.touchedStreams.length; index++) {
      const stream = vm.touchedStreams[index]!;
      stream.queued = false;
      if (vm.failure !== undefined) continue;
      if (stream.phase === "paused") {
        const decision = outcomeOf(stream, false);
        if (decision !== undefined) this.#release(stream, decision);
      } else if (stream.phase === "awaiting_done" && stream.doneReported) {
        this.#logAndDelete(stream);
      }
    }
    vm.touchedStreams.length = 0;
    if (vm.failure !== undefined) this.#failAll();
  }

  /** Decides every waiting stream as failed and takes all of them out of the guest. */
  closeAll(): void {
    for (const context of [...this.#vm.contexts.values()]) {
      if (context.kind === "root") continue;
      if (context.phase === "paused") {
        this.#release(context, failed("closed", "the filter was closed before it decided", context.calls, true));
      }
      if (context.phase === "awaiting_done") this.#logAndDelete(context);
    }
    this.settle();
  }

  /** Runs the stream's first callbacks; undefined if the guest failed. */
  #ask(stream: StreamContext, endOfStream: boolean): number | undefined {
    const vm = this.#vm;
    const { proxy_on_context_create: create, proxy_on_request_headers: ask } = vm.callbacks;
    if (create !== undefined) vm.call(stream, create, stream.id, vm.root.id);
    // A local response sent from the creation already stops the iteration.
    if (ask === undefined || stream.localResponse !== undefined) return ACTION_CONTINUE;
    return vm.call(stream, ask, stream.id, stream.requestHeaders.count, endOfStream ? 1 : 0);
  }

  #waitFor(stream: StreamContext, signal: AbortSignal | undefined): Promise<Decision> {
    const { promise, resolve } = Promise.withResolvers<Decision>();
    stream.resolve = resolve;
    if (signal !== undefined) {
      const abort = (): void => {
        stream.aborted = true;
        this.#vm.touch(stream);
        // An embedder may abort from within its services, while the guest runs; then the running callback settles it.
        if (!this.#vm.scope.active) this.settle();
      };
      signal.addEventListener("abort", abort);
      stream.stopWatching = () => signal.removeEventListener("abort", abort);
      if (signal.aborted) abort();
    }
    return promise;
  }

  /** Answers a paused stream's request. */
  #release(stream: StreamContext, decision: Decision): void {
    stream.resolve?.(decision);
    this.#decided(stream);
  }

  #decided(stream: StreamContext): void {
    stream.phase = "decided";
    stream.resolve = undefined;
    stream.stopWatching?.();
    stream.stopWatching = undefined;
    this.#undecided -= 1;
    this.#finish(stream);
  }

  /** on_done, then (at once, or when the guest calls `proxy_done`) on_log and on_delete. */
  #finish(stream: StreamContext): void {
    const vm = this.#vm;
    const { proxy_on_done: done } = vm.callbacks;
    if (done !== undefined && vm.call(stream, done, stream.id) === 0) {
      stream.phase = "awaiting_done";
      return;
    }
    this.#logAndDelete(stream);
  }

  #logAndDelete(stream: StreamContext): void {
    const vm = this.#vm;
    const { proxy_on_log: log, proxy_on_delete: remove } = vm.callbacks;
    stream.phase = "decided";
    if (log !== undefined) vm.call(stream, log, stream.id);
    if (remove !== undefined) vm.call(stream, remove, stream.id);
    stream.phase = "deleted";
    vm.contexts.delete(stream.id);
  }

  #failAll(): void {
    for (const context of [...this.#vm.contexts.values()]) {
      if (context.kind === "stream" && context.phase === "paused") this.#release(context, this.#failure(context));
    }
    this.#vm.contexts.clear();
    this.#vm.calls.clear();
  }

  #failure(stream: StreamContext): Decision {
    const { reason, message } = this.#vm.failure ?? { reason: "trap", message: "the filter failed" };
    return failed(reason, message, stream.calls, stream.phase === "paused");
  }
}

export function failed(reason: DecisionFailure, message: string, calls: number, paused: boolean): Decision {
  return { kind: "failed", reason, message, calls, paused };
}

/**
 * What the stream's notes amount to, or undefined while the guest keeps it waiting. A refusal, even one that could not be
 * sent, outweighs every permission.
 */
function outcomeOf(stream: StreamContext, continued: boolean): Decision | undefined {
  const { calls, localResponse, refusedResponse } = stream;
  const paused = stream.phase === "paused";
  if (stream.aborted) return failed("aborted", "the request was given up", calls, paused);
  if (localResponse !== undefined) return { kind: "respond", ...localResponse, calls, paused };
  if (refusedResponse !== undefined) {
    return failed("invalid_local_response", `the filter's local response: ${refusedResponse}`, calls, paused);
  }
  if (stream.closeRequested) return failed("stream_closed", "the filter closed the stream", calls, paused);
  if (!continued && !stream.resumeRequested) return undefined;
  return { kind: "continue", changes: stream.requestHeaders.changes(), calls, paused };
}
