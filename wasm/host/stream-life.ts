import { StreamContext } from "./contexts.ts";
import type { BodyOutcome, Decision, DecisionFailure, StreamRequest, TrailersOutcome } from "./decision.ts";
import type { HeaderList } from "./header-table.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import { Message } from "./message.ts";
import { MessagePassage } from "./message-passage.ts";
import { failed } from "./refusal.ts";
import { NO_STAGES, type StreamOptions } from "./stages.ts";
import type { Vm } from "./vm.ts";

const HEADERS_ONLY: StreamOptions = { stages: NO_STAGES };

/**
 * The life cycle of one VM's streams: open, pass messages through the filter, then done, log and delete. A guest's
 * requests for a stream are only recorded while it runs (see StreamContext). They take effect here after it has returned.
 */
export class StreamLife {
  readonly #vm: Vm;
  readonly #passage: MessagePassage;
  /** Oldest first. */
  readonly #awaitingDone = new Set<StreamContext>();
  #open = 0;
  #closed = false;

  constructor(vm: Vm) {
    this.#vm = vm;
    this.#passage = new MessagePassage(vm);
  }

  /** Number of streams not yet ended. */
  get open(): number {
    return this.#open;
  }

  /** Opens a stream for the embedder. If that is not possible, everything passed to the stream fails. */
  openStream(request: StreamRequest, options: StreamOptions): StreamContext {
    const vm = this.#vm;
    const stream = new StreamContext(vm.nextContextId(), request, options, vm.services.nowMs());
    stream.failure = this.#whyNot();
    if (stream.failure === undefined) {
      vm.contexts.set(stream.id, stream);
      this.#open += 1;
    } else {
      stream.phase = "deleted";
    }
    return stream;
  }

  /** A whole stream with request headers only. */
  decide(request: StreamRequest): Decision | Promise<Decision> {
    const stream = this.openStream(request, HEADERS_ONLY);
    this.#create(stream);
    const decision = this.#passage.headers(stream, stream.request, request.endOfStream);
    if (decision instanceof Promise) {
      stream.endsWhenDecided = true;
      this.#watch(stream);
    } else {
      this.#finish(stream);
    }
    this.settle();
    return decision;
  }

  requestHeaders(stream: StreamContext, endOfStream: boolean): Decision | Promise<Decision> {
    this.#vm.scope.assertOutsideGuest("requestHeaders");
    this.#create(stream);
    return this.#settled(stream, this.#passage.headers(stream, stream.request, endOfStream));
  }

  requestBody(stream: StreamContext, chunk: Uint8Array, endOfStream: boolean): BodyOutcome | Promise<BodyOutcome> {
    this.#vm.scope.assertOutsideGuest("requestBody");
    return this.#settled(stream, this.#passage.body(stream, stream.request, chunk, endOfStream));
  }

  requestTrailers(stream: StreamContext, trailers: HeaderList): TrailersOutcome | Promise<TrailersOutcome> {
    this.#vm.scope.assertOutsideGuest("requestTrailers");
    return this.#settled(stream, this.#passage.trailers(stream, stream.request, trailers));
  }

  responseHeaders(stream: StreamContext, headers: HeaderList, endOfStream: boolean): Decision | Promise<Decision> {
    this.#vm.scope.assertOutsideGuest("responseHeaders");
    this.#create(stream);
    stream.response ??= new Message("response", headers);
    return this.#settled(stream, this.#passage.headers(stream, stream.response, endOfStream));
  }

  responseBody(stream: StreamContext, chunk: Uint8Array, endOfStream: boolean): BodyOutcome | Promise<BodyOutcome> {
    this.#vm.scope.assertOutsideGuest("responseBody");
    return this.#settled(stream, this.#passage.body(stream, responseOf(stream), chunk, endOfStream));
  }

  responseTrailers(stream: StreamContext, trailers: HeaderList): TrailersOutcome | Promise<TrailersOutcome> {
    this.#vm.scope.assertOutsideGuest("responseTrailers");
    return this.#settled(stream, this.#passage.trailers(stream, responseOf(stream), trailers));
  }

  resumed(stream: StreamContext, message: "request" | "response"): Promise<BodyOutcome> {
    this.#vm.scope.assertOutsideGuest("resumed");
    const outcome = this.#passage.resumed(stream, message === "request" ? stream.request : responseOf(stream));
    this.#watch(stream);
    return outcome;
  }

  over(stream: StreamContext): Promise<void> {
    stream.over ??= Promise.withResolvers();
    if (stream.phase !== "open") stream.over.resolve();
    return stream.over.promise;
  }

  end(stream: StreamContext): void {
    this.#vm.scope.assertOutsideGuest("end");
    if (stream.phase !== "open") return;
    if (stream.request.awaited || stream.response?.awaited) this.#giveUp(stream, "aborted", "the stream was ended");
    // The filter's log covers every stream, even if its headers never reached the filter.
    this.#create(stream);
    this.#finish(stream);
    this.settle();
  }

  /** Carries out what the guest requested for streams while it ran. Call it after every root callback. */
  settle(): void {
    const vm = this.#vm;
    // Finishing a stream calls the guest, which may touch more streams; the loop sees them too.
    for (let index = 0; index < vm.touchedStreams.length; index++) {
      const stream = vm.touchedStreams[index]!;
      stream.queued = false;
      if (vm.failure !== undefined) continue;
      if (stream.phase === "open") {
        this.#passage.settle(stream, stream.request);
        if (stream.response !== undefined) this.#passage.settle(stream, stream.response);
        if (stream.endsWhenDecided && !stream.request.awaited) this.#finish(stream);
      } else if (stream.phase === "awaiting_done" && stream.doneReported) {
        this.#logAndDelete(stream);
      }
    }
    vm.touchedStreams.length = 0;
    if (vm.failure !== undefined) this.#failAll();
  }

  /** Fails everything that waits, deletes all streams in the guest and opens no more. */
  closeAll(): void {
    this.#closed = true;
    for (const context of [...this.#vm.contexts.values()]) {
      if (context.kind === "root") continue;
      if (context.phase === "open") {
        this.#giveUp(context, "closed", "the filter was closed before it decided");
        this.#finish(context);
      }
      if (context.phase === "awaiting_done") this.#logAndDelete(context);
    }
    this.settle();
  }

  #whyNot(): StreamContext["failure"] {
    if (this.#vm.failure !== undefined) return this.#vm.failure;
    if (this.#closed) return { reason: "closed", message: "the filter is closed" };
    // `contexts` includes the root.
    if (this.#vm.contexts.size <= HOST_LIMITS.openStreams) return undefined;
    return { reason: "too_many_streams", message: `${HOST_LIMITS.openStreams} streams are open in this filter` };
  }

  #create(stream: StreamContext): void {
    const { callbacks, root, failure } = this.#vm;
    if (stream.created || stream.phase !== "open" || failure !== undefined) return;
    stream.created = true;
    const { proxy_on_context_create: create } = callbacks;
    if (create !== undefined) this.#vm.call(stream, create, stream.id, root.id);
  }

  /** Called after each part of a message. */
  #settled<Outcome>(stream: StreamContext, outcome: Outcome | Promise<Outcome>): Outcome | Promise<Outcome> {
    if (outcome instanceof Promise) this.#watch(stream);
    this.settle();
    return outcome;
  }

  /** Lets the embedder's signal abort a stream, from the first time it waits. */
  #watch(stream: StreamContext): void {
    const { signal } = stream;
    if (signal === undefined || stream.stopWatching !== undefined || stream.phase !== "open") return;
    const abort = (): void => {
      stream.failure ??= { reason: "aborted", message: "the request was aborted" };
      this.#vm.touch(stream);
      // An embedder may abort inside HostServices while the guest runs; then the running callback settles the stream.
      if (!this.#vm.scope.active) this.settle();
    };
    signal.addEventListener("abort", abort);
    stream.stopWatching = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) abort();
  }

  #giveUp(stream: StreamContext, reason: DecisionFailure, message: string): void {
    stream.failure ??= { reason, message };
    const paused = stream.request.paused || (stream.response?.paused ?? false);
    this.#passage.refuse(stream, failed(this.#vm, stream, stream.failure.reason, stream.failure.message, paused));
  }

  /** on_done, then (at once, or when the guest calls `proxy_done`) on_log and on_delete. */
  #finish(stream: StreamContext): void {
    if (stream.phase !== "open") return;
    const vm = this.#vm;
    stream.phase = "ending";
    stream.stopWatching?.();
    stream.stopWatching = undefined;
    this.#open -= 1;
    stream.over?.resolve();
    this.#passage.release(stream);
    const { proxy_on_done: done } = vm.callbacks;
    if (done !== undefined && vm.call(stream, done, stream.id) === 0) {
      stream.phase = "awaiting_done";
      this.#awaitingDone.add(stream);
      this.#endOldestAwaiting();
      return;
    }
    this.#logAndDelete(stream);
  }

  /** A guest that never calls `proxy_done` must not use up the slots of later streams. */
  #endOldestAwaiting(): void {
    if (this.#awaitingDone.size <= HOST_LIMITS.streamsAwaitingDone) return;
    const [oldest] = this.#awaitingDone;
    if (oldest === undefined) return;
    this.#vm.services.log("warn", `stream ${oldest.id} was ended: the filter never called proxy_done`);
    this.#logAndDelete(oldest);
  }

  #logAndDelete(stream: StreamContext): void {
    const vm = this.#vm;
    const { proxy_on_log: log, proxy_on_delete: remove } = vm.callbacks;
    stream.phase = "ending";
    this.#awaitingDone.delete(stream);
    if (log !== undefined) vm.call(stream, log, stream.id);
    if (remove !== undefined) vm.call(stream, remove, stream.id);
    stream.phase = "deleted";
    vm.contexts.delete(stream.id);
    vm.propertyBytes -= stream.propertyBytes;
  }

  #failAll(): void {
    const vm = this.#vm;
    const { reason, message } = vm.failure ?? { reason: "trap", message: "the filter failed" };
    for (const context of [...vm.contexts.values()]) {
      if (context.kind === "root") continue;
      if (context.phase === "open") {
        this.#giveUp(context, reason, message);
        this.#finish(context);
      }
      context.phase = "deleted";
    }
    vm.contexts.clear();
    this.#awaitingDone.clear();
    vm.calls.clear();
  }
}

function responseOf(stream: StreamContext): Message {
  if (stream.response === undefined) throw new Error("the response's headers were not passed yet");
  return stream.response;
}
