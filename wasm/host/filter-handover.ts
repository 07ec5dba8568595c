import type { GuestFunction } from "./callback-scope.ts";
import { HANDOVER_FUNCTIONS } from "./handover-functions.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import type { Vm } from "./vm.ts";

/** The smallest chunk that is requested, so that the largest entry fits. */
const MIN_CHUNK_BYTES = 32 * 1_024;

/** Numbers the export sessions of all instances. */
let exportSessions = 0;

interface UpToDate {
  /** An instance that imported all chunks is now up to date with this one. */
  readonly kind: "up-to-date";
}

/** After a failure the importing instance must not serve: it may hold entries that were removed since. */
interface HandoverFailure {
  readonly kind: "failed";
  readonly message: string;
}

export type HandoverStep =
  | { readonly kind: "chunk"; readonly bytes: Uint8Array<ArrayBuffer> }
  | UpToDate
  | HandoverFailure;

export type MoveStep = { readonly kind: "moved" } | UpToDate | HandoverFailure;

export type TakeResult =
  | { readonly ok: true }
  /** `not_a_chunk`: damaged, forged, or in another format. `bad_record`: the records before it were imported. */
  | { readonly ok: false; readonly reason: "not_a_chunk" | "other_configuration" | "bad_record" | "failed" };

const REFUSALS = ["not_a_chunk", "other_configuration", "bad_record"] as const;

/**
 * Handover of live entries from one instance to another, and purges, for filters that have the extension. Every method is
 * synchronous. None throws because of the guest: a trap fails the instance, as everywhere.
 *
 * While two instances run, every chunk goes to the new one as soon as it is read, and purges go to both.
 */
export class FilterHandover {
  readonly #vm: Vm;
  readonly #settle: () => void;
  #exportSession = 0;

  /** @param settle carries out what the guest requested for streams while it ran */
  constructor(vm: Vm, settle: () => void) {
    this.#vm = vm;
    this.#settle = settle;
  }

  /**
   * Identifies the current export session. Unique across all instances; changes whenever a session begins or ends. An
   * instance has one session at a time: if the number has changed, another caller has taken over the session.
   */
  get exportSession(): number {
    return this.#exportSession;
  }

  /**
   * Begins an export session at the first entry.
   * @param budgetBytes linear memory that the new instance may use; if not all entries fit, the newest are exported
   */
  begin(budgetBytes: number): void {
    this.#exportSession = ++exportSessions;
    this.#call("begin", HANDOVER_FUNCTIONS.begin, clampU32(budgetBytes));
  }

  /**
   * The next chunk of at most `maxBytes` (at least 32 KiB): first every entry, then the changes since. The chunk is a copy
   * that the caller may keep. A chunk may contain no entries although more follow.
   */
  next(maxBytes: number = HOST_LIMITS.handoverChunkBytes): HandoverStep {
    return this.#next("next", maxBytes, (bytes): HandoverStep => ({ kind: "chunk", bytes: bytes.slice() }));
  }

  /**
   * Moves the next chunk straight to `taker`, so that nothing can happen in between. It goes from memory to memory: copying
   * every chunk would trigger V8's garbage collector in the middle of a handover.
   */
  moveTo(taker: FilterHandover, maxBytes: number = HOST_LIMITS.handoverChunkBytes): MoveStep {
    if (taker === this) throw new Error("moveTo was given the instance itself");
    return this.#next("moveTo", maxBytes, (bytes): MoveStep => {
      const taken = taker.take(bytes);
      return taken.ok ? { kind: "moved" } : failed(`the new instance did not take a chunk: ${taken.reason}`);
    });
  }

  /** Imports a chunk, and continues the requests that wait for an outbound call the chunk reports as finished. */
  take(chunk: Uint8Array): TakeResult {
    if (chunk.length > HOST_LIMITS.handoverChunkBytes) return { ok: false, reason: "not_a_chunk" };
    let result: TakeResult = { ok: false, reason: "failed" };
    if (!this.#vm.handover.has(HANDOVER_FUNCTIONS.take)) return result;
    this.#run("take", HANDOVER_FUNCTIONS.take, (take) => {
      const pointer = this.#vm.memory.place(chunk);
      if (pointer === undefined) return;
      const code = Number(take(pointer, chunk.length));
      result = code === 0 ? { ok: true } : { ok: false, reason: REFUSALS[code - 1] ?? "failed" };
    });
    this.#vm.options.events?.tookChunk();
    return result;
  }

  /** Ends the export session. */
  end(): void {
    this.#exportSession = ++exportSessions;
    this.#call("end", HANDOVER_FUNCTIONS.end);
  }

  /** For the new instance: the old one sends no more, so requests waiting for its outbound calls make their own. */
  abandon(): void {
    this.#call("abandon", HANDOVER_FUNCTIONS.abandon);
  }

  /**
   * Purges every decision. An outbound call in progress is repeated when its reply arrives, for the requests waiting for it.
   * @returns entries purged; undefined if the filter failed
   */
  purgeAll(): number | undefined {
    return this.#call("purgeAll", HANDOVER_FUNCTIONS.purgeAll);
  }

  /**
   * Purges every decision for one credential.
   * @param credential as clients send it, without a scheme
   */
  purgeCredential(credential: string): number | undefined {
    const text = new TextEncoder().encode(credential);
    if (text.length > HOST_LIMITS.keyBytes) return 0;
    let purged: number | undefined;
    this.#run("purgeCredential", HANDOVER_FUNCTIONS.purgeCredential, (purge) => {
      const pointer = this.#vm.memory.place(text);
      if (pointer !== undefined) purged = Number(purge(pointer, text.length)) >>> 0;
    });
    return purged;
  }

  #call(method: string, name: string, argument = 0): number | undefined {
    let result: number | undefined;
    this.#run(method, name, (entry) => {
      result = Number(entry(argument)) >>> 0;
    });
    return result;
  }

  /** Runs `work` as a callback of the root, unless the guest is closed or failed. */
  #run(method: string, name: string, work: (entry: GuestFunction) => void): void {
    const vm = this.#vm;
    vm.scope.assertOutsideGuest(method);
    const entry = vm.handover.get(name);
    if (entry === undefined) return;
    vm.call(vm.root, () => work(entry));
    this.#settle();
    vm.queueEvents.schedule();
  }

  /** Lets the guest write a chunk and passes it to `use` before the callback ends: then the guest may reuse the memory. */
  #next<Step>(method: string, maxBytes: number, use: (bytes: Uint8Array) => Step): Step | UpToDate | HandoverFailure {
    const limit = Math.min(Math.max(clampU32(maxBytes), MIN_CHUNK_BYTES), HOST_LIMITS.handoverChunkBytes);
    let step: Step | UpToDate | HandoverFailure | undefined;
    this.#run(method, HANDOVER_FUNCTIONS.next, (next) => {
      const result = next(limit);
      // Address and size as one i64.
      const packed = typeof result === "bigint" ? BigInt.asUintN(64, result) : undefined;
      if (packed === undefined) step = failed(`${HANDOVER_FUNCTIONS.next} returns no i64`);
      else if (packed === 0n) step = { kind: "up-to-date" };
      else step = this.#lend(Number(packed >> 32n), Number(packed & 0xffff_ffffn), limit, use);
    });
    return step ?? failed(this.#vm.failure?.message ?? "the filter is closed");
  }

  #lend<Step>(address: number, size: number, limit: number, use: (bytes: Uint8Array) => Step): Step | HandoverFailure {
    if (size > limit)
      return failed(`${HANDOVER_FUNCTIONS.next} returned ${size} bytes; asked for were at most ${limit}`);
    const step = this.#vm.memory.decode(address, size, use);
    return step ?? failed(`${HANDOVER_FUNCTIONS.next} returned an address outside of memory`);
  }
}

function failed(message: string): HandoverFailure {
  return { kind: "failed", message };
}

function clampU32(value: number): number {
  return Math.min(Math.max(Math.floor(value), 0), 0xffff_ffff) || 0;
}
