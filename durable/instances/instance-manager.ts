import type { FilterHandover } from "../../wasm/host/index.ts";
import type { EntryHandover } from "../handover/entry-handover.ts";
import type { EventLog } from "../log/events.ts";
import { type Isolate, thisIsolate } from "../memory/isolate.ts";
import type { MemoryOwner } from "../memory/isolate-memory.ts";
import type { Counters } from "../metrics/counters.ts";
import type { RestartController } from "../restart/controller.ts";
import { MAX_REASON_LENGTH } from "../restart/learned.ts";
import type { Unavailable } from "../rpc.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { FilterDependencies } from "./filter-start.ts";
import { Generation } from "./generation.ts";
import { InstanceStarter } from "./instance-starter.ts";
import { warmUp } from "./warm-up.ts";

/** Minimum age before an instance is replaced for its memory: a filter that always grows too far must not restart nonstop. */
const MIN_REPLACE_AGE_MS = 5_000;

/** One handover of entries. The duration includes the tasks that ran in between. */
export interface HandoverRecord {
  readonly atMs: number;
  readonly durationMs: number;
  readonly chunks: number;
}

function purgeEach(handover: FilterHandover, credentials: readonly string[]): number {
  return credentials.reduce((purged, credential) => purged + (handover.purgeCredential(credential) ?? 0), 0);
}

/**
 * Result of a planned restart. `not_running`: no instance is in memory, or it trapped. `under_way`: another restart is in
 * progress. `draining`: the previous generation has not finished yet. `not_started`: the filter did not start. `cut_off`: an
 * instance ended or failed during the handover.
 */
export type RestartOutcome = "restarted" | "not_running" | "under_way" | "draining" | "not_started" | "cut_off";

/** Events that the manager reports to the rest of the service. */
export interface InstanceEvents {
  /**
   * A new instance serves without its predecessors' entries. Their stored decisions must not overrule what it learns.
   */
  emptied(): void;
  /** The first instance of this life of the object has started. */
  started(): void;
  /** A restart, trap or failed start was counted. */
  counted(): void;
}

export interface InstanceDependencies {
  readonly filter: FilterDependencies;
  readonly runtime: Runtime;
  readonly controller: RestartController;
  readonly counters: Counters;
  readonly events: InstanceEvents;
  readonly log: EventLog;
}

/**
 * Owns the instances of one service's filter: the one that takes new requests, the one that still drains, and the switch.
 */
export class InstanceManager {
  readonly #runtime: Runtime;
  readonly #controller: RestartController;
  readonly #counters: Counters;
  readonly #events: InstanceEvents;
  readonly #log: EventLog;
  readonly #isolate: Isolate;
  readonly #owner: MemoryOwner;
  readonly #starter: InstanceStarter;
  #current: Generation | undefined;
  /** The previous generation, while it finishes its requests. */
  #old: Generation | undefined;
  /** While the previous generation drains: passes what it still learns on to the current one. */
  #drainHandover: EntryHandover | undefined;
  /** The fresh instance of a restart in progress. */
  #warming: Generation | undefined;
  #restarting = false;
  #lastHandover: HandoverRecord | undefined;
  /** An instance that trapped and has no successor yet: its size, and the request in which it trapped. */
  #trapped: { readonly bytes: number; readonly cfRay: string | null } | undefined;

  constructor({ filter, runtime, controller, counters, events, log }: InstanceDependencies) {
    this.#runtime = runtime;
    this.#controller = controller;
    this.#counters = counters;
    this.#events = events;
    this.#log = log;
    this.#isolate = runtime.isolate ?? thisIsolate();
    this.#owner = this.#isolate.memory.owner(filter.service.name);
    const [isolate, owner] = [this.#isolate, this.#owner];
    this.#starter = new InstanceStarter({
      ...{ filter, runtime, controller, counters, isolate, owner, log },
      failed: () => events.counted(),
    });
  }

  /** What all objects of the isolate share. */
  get isolate(): Isolate {
    return this.#isolate;
  }

  /** The owner of this service's memories in the isolate's ledger. */
  get owner(): MemoryOwner {
    return this.#owner;
  }

  get current(): Generation | undefined {
    return this.#current;
  }

  /** Failures in a row, for /stats. */
  get failures(): InstanceStarter["failures"] {
    return this.#starter.failures;
  }

  get failedStart(): InstanceStarter["failedStart"] {
    return this.#starter.failedStart;
  }

  /** The last handover; undefined before the first. */
  get lastHandover(): HandoverRecord | undefined {
    return this.#lastHandover;
  }

  /** Whether a planned restart is handing the entries of the current generation to a fresh one. */
  get restarting(): boolean {
    return this.#restarting;
  }

  /** Number of replaced generations that still finish requests: one at most. */
  get draining(): number {
    if (this.#old?.isClosed) this.#old = undefined;
    return this.#old === undefined ? 0 : 1;
  }

  /** Whether requests pass undecided while no instance can start (`failurePolicy: "open"`). */
  get passesUndecided(): boolean {
    return this.#starter.passesUndecided;
  }

  /**
   * The generation that takes new requests, started if necessary.
   * @param cfRay of the request that needs it
   */
  acquire(cfRay: string | null = null): Generation | Unavailable {
    const current = this.#current;
    if (current !== undefined) {
      if (!current.failed) return this.#replacedIfNecessary(current);
      this.noteTrap(current);
    }
    return this.#startNext(cfRay);
  }

  /**
   * Starts the first generation of this life of the object with the decisions of an earlier life, unless a generation exists. It
   * takes requests only if `fill` returns true; a partly filled generation never does.
   */
  async beginFilled(fill: (fresh: Generation) => Promise<boolean>): Promise<void> {
    if (this.#current !== undefined) return;
    const fresh = this.#starter.start(this.#controller.firstStartReason);
    if (!(fresh instanceof Generation)) return;
    const filled = await fill(fresh).catch((error: unknown) => {
      fresh.retire();
      throw error;
    });
    // Another request may have started a generation meanwhile.
    if (filled && this.#current === undefined) this.#adoptFirst(fresh, fresh.allocatedBytes);
    else fresh.retire();
  }

  /**
   * Ends a generation if it trapped. Call this when a request failed: the pause before the next start counts from then.
   * @param cfRay of that request
   */
  noteTrap(generation: Generation, cfRay: string | null = null): void {
    if (generation !== this.#current || !generation.failed) return;
    this.#counters.traps += 1;
    this.#trapped = { bytes: generation.allocatedBytes, cfRay };
    this.#starter.noteTrap(generation, cfRay);
    this.#current = undefined;
    generation.retire();
    this.#events.counted();
  }

  /**
   * Switches at once to a fresh instance with an empty cache. Requests in progress finish on the old one. An even older
   * generation is closed at once, so that at most one old instance is in memory; its requests are replayed on the fresh one.
   */
  replace(reason: string, cfRay: string | null = null): Generation | Unavailable {
    const old = this.#current;
    if (old === undefined || old.failed) return this.acquire(cfRay);
    const fresh = this.#starter.start("restart", cfRay);
    if (fresh instanceof Generation) this.#switch(old, fresh, reason, undefined, cfRay);
    return fresh;
  }

  /**
   * A planned restart: the old instance serves until the fresh one is ready. It is if the calls of its start are answered, or not
   * in time; and if the filter can hand over its live entries, when it knows them all.
   * Refused while an earlier generation still drains: at most one old instance may be in memory beside the new one.
   * @param cfRay of the operator's request, if it is one
   */
  async restart(reason: string, cfRay: string | null = null): Promise<RestartOutcome> {
    const old = this.#current;
    if (old === undefined || old.failed) return "not_running";
    if (this.#restarting) return "under_way";
    if (this.draining > 0) return "draining";
    this.#restarting = true;
    try {
      return await (old.handover === undefined
        ? this.#replaceWhenReady(old, reason, cfRay)
        : this.#handOver(old, reason, cfRay));
    } finally {
      this.#restarting = false;
    }
  }

  /**
   * Drops the decisions of some credentials or all, also in instances that drain or warm up. A filter that cannot purge is
   * replaced at once.
   * @param cfRay of the operator's request
   * @returns number of entries dropped in the current instance; undefined if the filter does not report it
   * @throws Error if a filter that cannot purge does not start again
   */
  purge(credentials: readonly string[] | undefined, cfRay: string | null = null): number | undefined {
    const current = this.#current;
    if (current !== undefined && current.handover === undefined) {
      const fresh = this.replace("purge", cfRay);
      if (fresh instanceof Generation) return undefined;
      throw new Error(`the filter cannot purge and was not replaced: ${fresh.message}`);
    }
    let purged: number | undefined = 0;
    for (const generation of [this.#old, this.#warming, current]) {
      const handover = generation?.handover;
      if (handover === undefined) continue;
      purged = credentials === undefined ? handover.purgeAll() : purgeEach(handover, credentials);
    }
    // Otherwise the old instance would pass the purge on later and drop decisions made since.
    this.#drainHandover?.passOn();
    if (current !== undefined) this.noteTrap(current, cfRay);
    return purged;
  }

  /** The old instance serves until the fresh one has the answers to the calls of its start, or long enough without them. */
  async #replaceWhenReady(old: Generation, reason: string, cfRay: string | null): Promise<RestartOutcome> {
    const fresh = this.#starter.start("restart", cfRay);
    if (!(fresh instanceof Generation)) return "not_started";
    const calls = fresh.tickIfDue(this.#runtime.nowMs());
    if (calls !== undefined) await calls;
    if (old === this.#current && !old.failed && !fresh.failed) {
      this.#switch(old, fresh, reason, undefined, cfRay);
      return "restarted";
    }
    // Otherwise the next planned restart would try the same at once.
    if (fresh.failed) this.#noteUnusedTrap(fresh, cfRay);
    fresh.retire();
    return "cut_off";
  }

  /** A fresh instance trapped before it served. */
  #noteUnusedTrap(fresh: Generation, cfRay: string | null): void {
    this.#counters.traps += 1;
    this.#starter.noteTrap(fresh, cfRay);
    this.#events.counted();
  }

  async #handOver(old: Generation, reason: string, cfRay: string | null): Promise<RestartOutcome> {
    const startedMs = this.#runtime.nowMs();
    const fresh = this.#starter.start("restart", cfRay);
    if (!(fresh instanceof Generation)) return "not_started";
    // Undefined for the built-in filter, which needs no calls.
    const calls = fresh.tickIfDue(startedMs);
    if (calls !== undefined) await calls;
    const handover = await this.#warmedUp(old, fresh);
    if (handover === undefined) {
      fresh.retire();
      if (old === this.#current && !old.failed) old.handover?.end();
      return "cut_off";
    }
    this.#switch(old, fresh, reason, handover, cfRay);
    this.#lastHandover = { atMs: startedMs, durationMs: this.#runtime.nowMs() - startedMs, chunks: handover.chunks };
    return "restarted";
  }

  async #warmedUp(old: Generation, fresh: Generation): Promise<EntryHandover | undefined> {
    this.#warming = fresh;
    try {
      return await warmUp(old, fresh, this.#isolate, () => old === this.#current);
    } finally {
      this.#warming = undefined;
    }
  }

  /** The synchronous part of a restart. */
  #switch(
    old: Generation,
    fresh: Generation,
    reason: string,
    handover: EntryHandover | undefined,
    cfRay: string | null,
  ): void {
    this.#current = fresh;
    const lossless = handover !== undefined;
    this.#noteRestart(this.#runtime.nowMs(), reason, old.allocatedBytes, fresh.allocatedBytes, lossless, cfRay);
    handover?.switched(() => {
      if (this.#current === fresh) this.replace("handover_broken");
    });
    // Only now: requests that waited on it are replayed at once and must find the fresh instance.
    this.#old?.close();
    old.retire({
      replied: () => handover?.passOn(),
      releasing: () => {
        handover?.end();
        if (this.#drainHandover === handover) this.#drainHandover = undefined;
      },
    });
    this.#old = old.isClosed ? undefined : old;
    this.#drainHandover = old.isClosed ? undefined : handover;
    if (!lossless) this.#events.emptied();
    this.#events.counted();
  }

  #noteRestart(
    nowMs: number,
    reason: string,
    bytesBefore: number,
    bytesAfter: number,
    handover: boolean,
    cfRay: string | null,
  ): void {
    const expected = this.#controller.restarted(nowMs, reason, bytesBefore, bytesAfter, handover);
    const fields = {
      reason: reason.slice(0, MAX_REASON_LENGTH),
      generation: expected.generation,
      handover,
      expectedGainBytes: Math.round(expected.gainBytes),
      expectedPriceCalls: Math.round(expected.priceCalls),
      bytesBefore,
      bytesAfter,
    };
    this.#log.write("restart", fields, cfRay);
  }

  /** Keeps the current instance if no fresh one starts: it is better than none. */
  #replacedIfNecessary(current: Generation): Generation {
    if (current.replaceReason === undefined) return current;
    if (!hasElapsed(current.startedAtMs, MIN_REPLACE_AGE_MS, this.#runtime.nowMs())) return current;
    const fresh = this.replace(current.replaceReason);
    return fresh instanceof Generation ? fresh : current;
  }

  #startNext(cfRay: string | null): Generation | Unavailable {
    const trapped = this.#trapped;
    if (trapped !== undefined) {
      const fresh = this.#starter.start("trap", cfRay);
      if (!(fresh instanceof Generation)) return fresh;
      this.#trapped = undefined;
      this.#noteRestart(fresh.startedAtMs, "trap", trapped.bytes, fresh.startBytes, false, trapped.cfRay);
      this.#current = fresh;
      this.#events.emptied();
      this.#events.counted();
      return fresh;
    }
    const fresh = this.#starter.start(this.#controller.firstStartReason, cfRay);
    if (fresh instanceof Generation) this.#adoptFirst(fresh);
    return fresh;
  }

  /** @param filledBytes its size with restored entries, if it was filled */
  #adoptFirst(fresh: Generation, filledBytes?: number): void {
    this.#controller.started(fresh.startedAtMs, fresh.startBytes, filledBytes);
    this.#current = fresh;
    this.#events.started();
  }
}
