import type { StreamContext } from "./contexts.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import type { HostServices, OutboundCall, OutboundResult } from "./host-services.ts";

interface PendingCall {
  /** The stream that made the call; undefined for the root. It may be gone when the reply arrives. */
  readonly stream: StreamContext | undefined;
  readonly ofTick: boolean;
  readonly bytes: number;
}

/** The outbound calls of one instance that wait for a reply. */
export class PendingCalls {
  readonly #services: HostServices;
  readonly #deliver: (callId: number, result: OutboundResult) => void;
  readonly #pending = new Map<number, PendingCall>();
  #bytes = 0;
  #lastId = 0;
  #dispatched = 0;
  #inTick = false;
  #tickCalls = 0;
  #tickCallsAnswered: PromiseWithResolvers<void> | undefined;

  /** @param deliver called with each reply; never while the guest runs */
  constructor(services: HostServices, deliver: (callId: number, result: OutboundResult) => void) {
    this.#services = services;
    this.#deliver = deliver;
  }

  get count(): number {
    return this.#pending.size;
  }

  /** Calls ever dispatched. */
  get dispatched(): number {
    return this.#dispatched;
  }

  /** Resolves when no outbound call made by `on_tick` is pending; undefined if none is pending now. */
  get tickCalls(): Promise<void> | undefined {
    return this.#tickCallsAnswered?.promise;
  }

  /** Counts outbound calls made during `onTick` as a tick's. */
  duringTick(onTick: () => void): void {
    this.#inTick = true;
    onTick();
    this.#inTick = false;
  }

  /** True if one more call with this many bytes is within the limits. */
  admits(stream: StreamContext | undefined, bytes: number): boolean {
    return (
      this.#pending.size < HOST_LIMITS.pendingCalls &&
      this.#bytes + bytes <= HOST_LIMITS.pendingCallBytes &&
      (stream === undefined || stream.pendingCalls < HOST_LIMITS.pendingCallsPerStream)
    );
  }

  /** The id of the next call. The guest gets it before the call is sent. */
  nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0 || 1;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  /** @param bytes as passed to `admits` */
  dispatch(callId: number, call: OutboundCall, bytes: number, stream: StreamContext | undefined): void {
    this.#bytes += bytes;
    this.#pending.set(callId, { stream, ofTick: this.#inTick, bytes });
    if (this.#inTick) {
      this.#tickCalls += 1;
      this.#tickCallsAnswered ??= Promise.withResolvers();
    }
    this.#dispatched += 1;
    if (stream !== undefined) {
      stream.calls += 1;
      stream.pendingCalls += 1;
    }
    // Promises deliver replies after the guest has returned, even replies that are available at once.
    this.#send(call).then((result) => this.#settle(callId, result));
  }

  /** Forgets all calls; their replies are ignored. */
  clear(): void {
    this.#pending.clear();
    this.#bytes = 0;
    this.#tickCalls = 0;
    this.#endTickCalls();
  }

  /** An embedder that throws against its contract must not hang the waiting stream. */
  async #send(call: OutboundCall): Promise<OutboundResult> {
    try {
      return await this.#services.httpCall(call);
    } catch (error) {
      this.#services.log("error", `http call to ${call.cluster} failed in the host: ${String(error)}`);
      return { ok: false, reason: "rejected" };
    }
  }

  #settle(callId: number, result: OutboundResult): void {
    const call = this.#pending.get(callId);
    if (call === undefined) return;
    this.#pending.delete(callId);
    this.#bytes -= call.bytes;
    if (call.stream !== undefined) call.stream.pendingCalls -= 1;
    this.#deliver(callId, result);
    // The tick's calls may have been cleared meanwhile.
    if (!call.ofTick || this.#tickCalls === 0) return;
    this.#tickCalls -= 1;
    this.#endTickCalls();
  }

  #endTickCalls(): void {
    if (this.#tickCalls > 0) return;
    this.#tickCallsAnswered?.resolve();
    this.#tickCallsAnswered = undefined;
  }
}
