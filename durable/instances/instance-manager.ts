import type { FilterHandover } from "../../wasm/host/index.ts";
import { nextTask } from "../async.ts";
import {
  afterFailedStart,
  afterStart,
  afterTrap,
  type FailureStreak,
  mayStart,
  NO_FAILURES,
  passesUndecided,
} from "../failure/failure-streak.ts";
import { EntryHandover } from "../handover/entry-handover.ts";
import { type Isolate, thisIsolate } from "../memory/isolate.ts";
import type { MemoryOwner, TrackedMemory } from "../memory/isolate-memory.ts";
import type { Counters } from "../metrics/counters.ts";
import type { RestartController } from "../restart/controller.ts";
import { restartSettings } from "../restart/settings.ts";
import type { StartReason } from "../restart/starts.ts";
import type { Unavailable } from "../rpc.ts";
import { type Runtime, randomShare } from "../runtime.ts";
import { TickClock } from "../ticks/tick-clock.ts";
import { type FailedStart, type FilterDependencies, startFilter } from "./filter-start.ts";
import { Generation } from "./generation.ts";

const PAUSED_AFTER_TRAPS: Unavailable = {
  kind: "unavailable",
  reason: "filter_backoff",
  message: "the filter trapped more than once in a row and is started again after a pause",
};

/** No instance is replaced on replaceReason before this age: one that is always suspicious must not be started for each request. */
const MIN_SUSPECT_AGE_MS = 5_000;

/** How entries were handed over. The duration is that of the whole, in which others had their turns. */
export interface HandoverRecord {
  readonly atMs: number;
  readonly durationMs: number;
  readonly chunks: number;
}

function purgeEach(handover: FilterHandover, credentials: readonly string[]): number {
  return credentials.reduce((purged, credential) => purged + (handover.purgeCredential(credential) ?? 0), 0);
}

/**
 * What a planned restart came to. `not_running`: no instance is in memory, or it trapped. `under_way`: another one is.
 * `draining`: the instance before has not finished yet. `not_started`: the filter would not start. `cut_off`: an instance
 * ended, or failed, while entries were handed over.
 */
export type RestartOutcome = "restarted" | "not_running" | "under_way" | "draining" | "not_started" | "cut_off";

/**
 * The lives of one service's filter: starts the first, ends one for the next, and lets a filter that fails rest in
 * between. One generation takes new requests; the one before it finishes what it has begun.
 */
export class InstanceManager {
  readonly #dependencies: FilterDependencies;
  readonly #runtime: Runtime;
  readonly #controller: RestartController;
  readonly #counters: Counters;
  readonly #isolate: Isolate;
  readonly #owner: MemoryOwner;
  #current: Generation | undefined;
  /** The one before, while it finishes what it has begun. */
  #old: Generation | undefined;
  /**
   * Told when an instance begins to serve that knows nothing of what those before it knew: what was stored of that must not
   * overrule what it learns.
   */
  onEmptied: (() => void) | undefined;
  /** While the one before still finishes calls whose replies are passed on. */
  #passing: EntryHandover | undefined;
  /** The fresh instance of a restart under way. */
  #warming: Generation | undefined;
  #restarting = false;
  #lastHandover: HandoverRecord | undefined;
  #failures: FailureStreak = NO_FAILURES;
  #failedStart: (FailedStart & { readonly atMs: number }) | undefined;
  /** Size of the instance that trapped and has no successor yet. */
  #trappedBytes: number | undefined;

  constructor(
    dependencies: FilterDependencies,
    runtime: Runtime,
    observers: { controller: RestartController; counters: Counters },
  ) {
    this.#dependencies = dependencies;
    this.#runtime = runtime;
    this.#controller = observers.controller;
    this.#counters = observers.counters;
    this.#isolate = runtime.isolate ?? thisIsolate();
    this.#owner = this.#isolate.memory.owner(dependencies.service.name);
  }

  /** What all objects of the isolate have in common. */
  get isolate(): Isolate {
    return this.#isolate;
  }

  /** In whose name the isolate follows the memories of this service. */
  get owner(): MemoryOwner {
    return this.#owner;
  }

  get current(): Generation | undefined {
    return this.#current;
  }

  /** Failures in a row, for the operator. */
  get failures(): FailureStreak {
    return this.#failures;
  }

  /** Why the filter cannot be started; undefined if it can, or was not tried since it last ran. */
  get failedStart(): (FailedStart & { readonly atMs: number }) | undefined {
    return this.#failedStart;
  }

  /** The last time entries were handed over; undefined before. */
  get lastHandover(): HandoverRecord | undefined {
    return this.#lastHandover;
  }

  /** Whether entries are being handed over: the current generation exports what it knows to the next. */
  get restarting(): boolean {
    return this.#restarting;
  }

  /** Generations that were replaced and still finish requests: one at most. */
  get draining(): number {
    if (this.#old?.isClosed) this.#old = undefined;
    return this.#old === undefined ? 0 : 1;
  }

  /** Whether requests pass without a decision, now that there is no filter to make one. */
  get passesUndecided(): boolean {
    const { failurePolicy } = this.#dependencies.service;
    return this.#failedStart?.reason === "filter_start_failed" && passesUndecided(this.#failures, failurePolicy);
  }

  /** The generation that takes new requests, started if need be. */
  acquire(): Generation | Unavailable {
    const current = this.#current;
    if (current !== undefined) {
      if (!current.failed) return this.#replacedIfSuspect(current);
      this.noteTrap(current);
    }
    return this.#begin();
  }

  /**
   * The first generation of this life, if there is none yet, with what an earlier life knew. It takes requests once `fill`
   * has come to true; one that was filled in part never does.
   */
  async beginFilled(fill: (fresh: Generation) => Promise<boolean>): Promise<void> {
    if (this.#current !== undefined) return;
    const fresh = this.#make(this.#controller.firstStartReason);
    if (!(fresh instanceof Generation)) return;
    const filled = await fill(fresh).catch((error: unknown) => {
      fresh.retire();
      throw error;
    });
    // Nobody can be sure that no request was taken meanwhile by another.
    if (filled && this.#current === undefined) this.#first(fresh, fresh.allocatedBytes);
    else fresh.retire();
  }

  /** Ends a generation that trapped, if it did. To be called where a request failed: the pause counts from there. */
  noteTrap(generation: Generation): void {
    if (generation !== this.#current || !generation.failed) return;
    this.#counters.traps += 1;
    this.#trappedBytes = generation.allocatedBytes;
    this.#failures = afterTrap(this.#failures, this.#moment(), this.#dependencies.service.failurePolicy);
    this.#current = undefined;
    generation.retire();
  }

  /**
   * A fresh instance at once, with an empty cache. Requests that wait finish on the old one; new ones start here. One that
   * is older still is ended now: its memory is what is short, and what waits on it can be asked of the fresh one.
   */
  replace(reason: string): Generation | Unavailable {
    const old = this.#current;
    if (old === undefined || old.failed) return this.acquire();
    const fresh = this.#make("restart");
    if (fresh instanceof Generation) this.#switch(old, fresh, reason, undefined);
    return fresh;
  }

  /**
   * A planned restart: where the filter can hand its live entries over, the old instance serves until the fresh one knows
   * them all. Not while the one before is still ending: no more than one old instance may be in memory beside the new.
   */
  async restart(reason: string): Promise<RestartOutcome> {
    const old = this.#current;
    if (old === undefined || old.failed) return "not_running";
    if (this.#restarting) return "under_way";
    if (this.draining > 0) return "draining";
    if (old.handover === undefined) return this.replace(reason) instanceof Generation ? "restarted" : "not_started";
    this.#restarting = true;
    try {
      return await this.#handOver(old, reason);
    } finally {
      this.#restarting = false;
    }
  }

  /**
   * Drops what was decided, for some credentials or for all, also in instances that still finish or are being filled. A filter
   * that cannot is replaced at once.
   * @returns entries dropped; undefined where they are not known
   */
  purge(credentials: readonly string[] | undefined): number | undefined {
    const current = this.#current;
    if (current !== undefined && current.handover === undefined) {
      const fresh = this.replace("purge");
      if (fresh instanceof Generation) return undefined;
      throw new Error(`the filter cannot purge, and was not replaced: ${fresh.message}`);
    }
    let purged: number | undefined = 0;
    for (const generation of [this.#old, this.#warming, current]) {
      const handover = generation?.handover;
      if (handover === undefined) continue;
      purged = credentials === undefined ? handover.purgeAll() : purgeEach(handover, credentials);
    }
    // So that the old one does not tell of it later, when decisions were made since.
    this.#passing?.passOn();
    if (current !== undefined) this.noteTrap(current);
    return purged;
  }

  async #handOver(old: Generation, reason: string): Promise<RestartOutcome> {
    const startedMs = this.#runtime.nowMs();
    const fresh = this.#make("restart");
    if (!(fresh instanceof Generation)) return "not_started";
    const handover = await this.#filled(old, fresh);
    if (handover === undefined) {
      fresh.retire();
      if (old === this.#current && !old.failed) old.handover?.end();
      return "cut_off";
    }
    this.#switch(old, fresh, reason, handover);
    this.#lastHandover = { atMs: startedMs, durationMs: this.#runtime.nowMs() - startedMs, chunks: handover.chunks };
    return "restarted";
  }

  /** Has `fresh` know all that `old` knows at this moment; undefined where one of them ended or failed meanwhile. */
  async #filled(old: Generation, fresh: Generation): Promise<EntryHandover | undefined> {
    const [from, to] = [old.handover, fresh.handover];
    if (from === undefined || to === undefined) return undefined;
    const { memory, budget } = this.#isolate;
    const budgetBytes = Math.max(old.startBytes, memory.roomBelow(budget.hardBytes));
    const giveBack = memory.reserve(Math.min(budgetBytes, old.allocatedBytes));
    this.#warming = fresh;
    try {
      const handover = new EntryHandover(from, to);
      const goesOn = (): boolean => old === this.#current && !old.failed && !fresh.failed;
      const moved = await handover.move({ budgetBytes, fromBytes: old.allocatedBytes }, nextTask, goesOn);
      return moved && goesOn() && handover.catchUp() ? handover : undefined;
    } finally {
      this.#warming = undefined;
      giveBack();
    }
  }

  /** The synchronous moment of a restart. */
  #switch(old: Generation, fresh: Generation, reason: string, handover: EntryHandover | undefined): void {
    this.#current = fresh;
    const lossless = handover !== undefined;
    this.#controller.restarted(this.#runtime.nowMs(), reason, old.allocatedBytes, fresh.allocatedBytes, lossless);
    handover?.passOnReplies(() => {
      if (this.#current === fresh) this.replace("handover_broken");
    });
    // Only now: what waited on it is asked again at once, and must find the fresh one.
    this.#old?.close();
    old.retire(() => {
      handover?.end();
      if (this.#passing === handover) this.#passing = undefined;
    });
    this.#old = old.isClosed ? undefined : old;
    this.#passing = old.isClosed ? undefined : handover;
    if (!lossless) this.onEmptied?.();
  }

  /** Where no fresh instance can be had, the suspicious one is better than none. */
  #replacedIfSuspect(current: Generation): Generation {
    if (current.replaceReason === undefined) return current;
    const ageMs = this.#runtime.nowMs() - current.startedAtMs;
    // Less than none: the clock was set back, and would keep it for as long.
    if (ageMs >= 0 && ageMs < MIN_SUSPECT_AGE_MS) return current;
    const fresh = this.replace(current.replaceReason);
    return fresh instanceof Generation ? fresh : current;
  }

  #begin(): Generation | Unavailable {
    const trappedBytes = this.#trappedBytes;
    if (trappedBytes !== undefined) {
      const fresh = this.#make("trap");
      if (!(fresh instanceof Generation)) return fresh;
      this.#trappedBytes = undefined;
      this.#controller.restarted(fresh.startedAtMs, "trap", trappedBytes, fresh.startBytes, false);
      this.#current = fresh;
      this.onEmptied?.();
      return fresh;
    }
    const fresh = this.#make(this.#controller.firstStartReason);
    if (fresh instanceof Generation) this.#first(fresh);
    return fresh;
  }

  /** @param filledBytes what it came to by the entries of an earlier life, if it was given them */
  #first(fresh: Generation, filledBytes?: number): void {
    this.#controller.started(fresh.startedAtMs, fresh.startBytes, filledBytes);
    this.#current = fresh;
  }

  /** A fresh instance that takes no requests yet. */
  #make(startReason: StartReason): Generation | Unavailable {
    const nowMs = this.#runtime.nowMs();
    if (!mayStart(this.#failures, nowMs)) return this.#unavailable();
    let tracked: TrackedMemory | undefined;
    const start = startFilter(this.#dependencies, {
      began: (allocatedBytes, watchCollection) => {
        tracked = this.#isolate.memory.track(this.#owner, { allocatedBytes, watchCollection });
      },
      failed: (bytes) => tracked?.retired(bytes),
    });
    if (!start.ok) {
      this.#counters.failedStarts += 1;
      this.#failures = afterFailedStart(this.#failures, this.#moment());
      this.#failedStart = { ...start, atMs: nowMs };
      return this.#unavailable();
    }
    this.#failedStart = undefined;
    this.#failures = afterStart(this.#failures, nowMs);
    const number = (this.#controller.learned.current?.number ?? 0) + 1;
    // The built-in filter has nothing to fetch by its first tick.
    const ticks = new TickClock(this.#dependencies.service.filterKind.kind === "built-in" ? nowMs : undefined);
    const memory = tracked;
    if (memory === undefined) throw new Error("an instance started without a memory");
    const capBytes = restartSettings(this.#dependencies.service.restart).hardLimitBytes;
    const options = { number, startedAtMs: nowMs, startReason, ticks, memory, capBytes };
    return new Generation(options, start.instance, this.#runtime.limits);
  }

  #unavailable(): Unavailable {
    if (this.#failedStart === undefined) return PAUSED_AFTER_TRAPS;
    const { reason, filterReason, message } = this.#failedStart;
    return {
      kind: "unavailable",
      reason,
      message: filterReason === undefined ? message : `${filterReason}: ${message}`,
    };
  }

  #moment(): { nowMs: number; random: number } {
    return { nowMs: this.#runtime.nowMs(), random: randomShare(this.#runtime) };
  }
}
