import { CallGroup } from "./call-group.ts";
import type { StreamContext } from "./contexts.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import type { HostServices, OutboundCall, OutboundResult } from "./host-services.ts";

interface PendingCall {
  /** The stream that made the call; undefined for the root. It may be gone when the reply arrives. */
  readonly stream: StreamContext | undefined;
  /** What waits for its answer. */
  readonly groups: readonly CallGroup[];
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
  readonly #ofStart = new CallGroup();
  readonly #ofTicks = new CallGroup();
  /** The groups of calls that the guest makes now. */
  #groups: readonly CallGroup[] = [];
  #hasTicked = false;

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

  /**
   * Calls made by the start and by the first tick, and by the replies to these: a filter that fetches the address of its keys
   * and then its keys is ready only when it has both.
   */
  get ofStart(): Pick<CallGroup, "answers" | "unanswered"> {
    return this.#ofStart;
  }

  /** Calls made by ticks. Those made by the replies do not count: a filter may poll its server for ever that way. */
  get ofTicks(): Pick<CallGroup, "answers"> {
    return this.#ofTicks;
  }

  /** True while the guest works for its start or a tick: what it asks for then may decide on any request. */
  get isForNoRequest(): boolean {
    return this.#groups.length > 0;
  }

  /** Counts outbound calls made during `start` as the start's. */
  duringStart(start: () => void): void {
    this.#within([this.#ofStart], start);
  }

  /** Counts outbound calls made during `onTick` as a tick's. */
  duringTick(onTick: () => void): void {
    this.#within(this.#hasTicked ? [this.#ofTicks] : [this.#ofTicks, this.#ofStart], onTick);
    this.#hasTicked = true;
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
    this.#pending.set(callId, { stream, groups: this.#groups, bytes });
    for (const group of this.#groups) group.add();
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
    this.#ofStart.clear();
    this.#ofTicks.clear();
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
    const inherited = call.groups.filter((group) => group === this.#ofStart);
    this.#within(inherited, () => this.#deliver(callId, result));
    for (const group of call.groups) group.answered();
  }

  #within(groups: readonly CallGroup[], run: () => void): void {
    this.#groups = groups;
    try {
      run();
    } finally {
      this.#groups = [];
    }
  }
}
