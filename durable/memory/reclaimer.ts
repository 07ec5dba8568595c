import { EventLog } from "../log/events.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import { CollectionCredit } from "./collection-credit.ts";
import type { IsolateMemory } from "./isolate-memory.ts";
import { type ReclaimDecision, type ReclaimReason, type ReclaimSettings, reclaimDecision } from "./reclaim.ts";

/** The reclaimer's dependencies; tests supply their own. */
export interface ReclaimPlatform {
  nowMs(): number;
  /** The callback runs in the object whose task set the timer, and keeps that object in memory until then. */
  setTimer(callback: () => void, delayMs: number): void;
  provoke(): void;
}

/** Sizes in bytes, durations and times in ms (times since 1970). */
export interface ReclaimSnapshot {
  /** What it does; `reason` says why not more. */
  readonly state: "resting" | "waiting" | "provoked";
  readonly reason: ReclaimReason;
  readonly provoked: number;
  /** How many of these are known to have collected. */
  readonly succeeded: number;
  /** At `givesUpAfter` the reclaimer stops for good. */
  readonly failuresInARow: number;
  readonly givesUpAfter: number;
  /** Linear memory that the collections freed. */
  readonly freedBytes: number;
  readonly lastAtMs: number | null;
  /** Measured until the next task, because the clock does not advance within one: an upper bound. */
  readonly lastMs: number | null;
  readonly longestMs: number;
  readonly totalMs: number;
  /** CPU saved up for collections of less than 4 MiB: 1e-4 of the time that passed, for an hour at most. */
  readonly creditMs: number;
}

/** A timer overdue by this much died with its object. */
const OVERDUE_MS = 1_000;

interface Provocation {
  readonly atMs: number;
  /** What all collections had freed before. */
  readonly collectedBytes: number;
  readonly releasedBytes: number;
  /** Measured until the next task. */
  tookMs: number | undefined;
  canaryCollected: boolean;
}

/**
 * Makes sure released memory is garbage-collected, once for all objects of the isolate. Its only timer is pending while there
 * is something to wait for that comes soon; for credit it waits without one, until a request comes. With each forced collection it releases a canary object. If the canary is collected, V8 did
 * collect, and any memory that remains is still referenced; if not, this runtime does not let us force collections.
 */
export class Reclaimer {
  readonly #memory: IsolateMemory;
  readonly #platform: ReclaimPlatform;
  readonly #settings: ReclaimSettings;
  readonly #log: EventLog;
  readonly #credit = new CollectionCredit();
  readonly #canaries = new FinalizationRegistry<Provocation>((provocation) => {
    provocation.canaryCollected = true;
  });
  #underWay: Provocation | undefined;
  #provokedAtMs: number | undefined;
  #timerDueMs: number | undefined;
  /** Set while a collection waits for credit. */
  #deferred: { readonly sinceMs: number; readonly forMs: number } | undefined;
  #provoked = 0;
  #succeeded = 0;
  #failuresInARow = 0;
  #freedBytes = 0;
  #lastMs: number | null = null;
  #longestMs = 0;
  #totalMs = 0;

  constructor(
    memory: IsolateMemory,
    platform: ReclaimPlatform,
    settings: ReclaimSettings,
    log = new EventLog(null, () => platform.nowMs()),
  ) {
    this.#log = log;
    this.#memory = memory;
    this.#platform = platform;
    this.#settings = settings;
    // An object that releases a memory or runs its guest may be answering a request, so the collection gets its own task.
    memory.onReleased((nowMs) => this.#plan(this.#decide(false), nowMs));
    memory.onReported((nowMs) => {
      const deferred = this.#deferred;
      if (deferred === undefined || !hasElapsed(deferred.sinceMs, deferred.forMs, nowMs)) return;
      this.#plan(this.#decide(false), nowMs);
    });
  }

  /** Forced collections have no effect in this runtime. */
  get hasGivenUp(): boolean {
    return this.#failuresInARow >= this.#settings.givesUpAfter;
  }

  /** When the last collection was forced; undefined before the first. */
  get provokedAtMs(): number | undefined {
    return this.#provokedAtMs;
  }

  /**
   * Forces a collection if one is due, or schedules the next check. Call it in a task of an object in which no request waits.
   *
   * @param urgent the isolate's budget is short
   * @returns whether a collection was forced; a later task knows what it freed
   */
  look(urgent = false): boolean {
    this.#check();
    const decision = this.#decide(urgent);
    if (decision.kind === "provoke") this.#provoke();
    else this.#plan(decision, this.#platform.nowMs());
    return decision.kind === "provoke";
  }

  /**
   * Forces a collection although no release is known: objects that were idle for long may have been evicted.
   * @returns false if one was forced moments ago, or if they have no effect in this runtime
   */
  probe(): boolean {
    this.#check();
    const sinceMs = this.#platform.nowMs() - (this.#provokedAtMs ?? Number.NEGATIVE_INFINITY);
    const limited = sinceMs >= 0 && sinceMs < this.#settings.minIntervalMs;
    if (limited || this.#underWay !== undefined || this.hasGivenUp) return false;
    this.#provoke();
    return true;
  }

  snapshot(): ReclaimSnapshot {
    const decision = this.#decide(false);
    const state = this.#underWay !== undefined ? "provoked" : decision.kind === "rest" ? "resting" : "waiting";
    return {
      state,
      reason: decision.reason,
      provoked: this.#provoked,
      succeeded: this.#succeeded,
      failuresInARow: this.#failuresInARow,
      givesUpAfter: this.#settings.givesUpAfter,
      freedBytes: this.#freedBytes,
      lastAtMs: this.#provokedAtMs ?? null,
      lastMs: this.#lastMs,
      longestMs: this.#longestMs,
      totalMs: this.#totalMs,
      creditMs: this.#credit.creditMs(this.#platform.nowMs()),
    };
  }

  #decide(urgent: boolean): ReclaimDecision {
    const nowMs = this.#platform.nowMs();
    const { ledger } = this.#memory;
    ledger.stamp(nowMs);
    const { bytes, oldestAtMs } = ledger.reclaimable;
    const situation = {
      nowMs,
      bytes,
      sinceMs: oldestAtMs,
      provokedAtMs: this.#provokedAtMs,
      affordableAtMs: this.#credit.affordableAtMs(nowMs),
      underWay: this.#underWay !== undefined,
      failuresInARow: this.#failuresInARow,
      urgent,
    };
    return reclaimDecision(situation, this.#settings);
  }

  /** Schedules the next look as the decision says. */
  #plan(decision: ReclaimDecision, nowMs: number): void {
    this.#deferred = decision.kind === "defer" ? { sinceMs: nowMs, forMs: decision.untilMs - nowMs } : undefined;
    if (decision.kind === "provoke") this.#lookAt(nowMs);
    if (decision.kind === "wait") this.#lookAt(decision.untilMs);
  }

  #provoke(): void {
    const atMs = this.#platform.nowMs();
    const provocation: Provocation = {
      atMs,
      collectedBytes: this.#memory.ledger.collections.bytes,
      releasedBytes: this.#memory.ledger.reclaimable.bytes,
      tookMs: undefined,
      canaryCollected: false,
    };
    this.#underWay = provocation;
    this.#provokedAtMs = atMs;
    this.#provoked += 1;
    this.#deferred = undefined;
    this.#credit.spend(atMs);
    this.#letCanaryGo(provocation);
    this.#platform.provoke();
    // FinalizationRegistry callbacks run between this task and the next.
    this.#lookAt(atMs);
  }

  /** Has its own stack frame: in the caller's, the canary could still be in a register during the collection. */
  #letCanaryGo(provocation: Provocation): void {
    this.#canaries.register({}, provocation);
  }

  /** Judges the collection in progress, if any: at once if it had an effect, otherwise when its time is over. */
  #check(): void {
    const provocation = this.#underWay;
    if (provocation === undefined) return;
    const { atMs, canaryCollected, collectedBytes } = provocation;
    const elapsedMs = Math.max(0, this.#platform.nowMs() - atMs);
    if (provocation.tookMs === undefined) {
      provocation.tookMs = elapsedMs;
      this.#lastMs = elapsedMs;
      this.#longestMs = Math.max(this.#longestMs, elapsedMs);
      this.#totalMs += elapsedMs;
      this.#credit.measured(elapsedMs);
    }
    const isInTime = elapsedMs < this.#settings.effectMs && this.#platform.nowMs() >= atMs;
    if (!canaryCollected && isInTime) return;
    this.#underWay = undefined;
    if (!canaryCollected) {
      this.#failuresInARow += 1;
      this.#logCollection(provocation, 0);
      return;
    }
    this.#failuresInARow = 0;
    this.#succeeded += 1;
    const freedBytes = this.#memory.ledger.collections.bytes - collectedBytes;
    this.#freedBytes += freedBytes;
    this.#memory.ledger.survivedCollection(atMs);
    this.#logCollection(provocation, freedBytes);
  }

  #logCollection({ releasedBytes, tookMs = 0 }: Provocation, freedBytes: number): void {
    const { isolateId } = this.#memory;
    const failuresInARow = this.#failuresInARow;
    this.#log.write("reclaim", { isolateId, releasedBytes, freedBytes, tookMs, failuresInARow });
  }

  #lookAt(dueMs: number): void {
    const nowMs = this.#platform.nowMs();
    const pending = this.#timerDueMs;
    if (pending !== undefined && pending <= dueMs && nowMs - pending < OVERDUE_MS) return;
    this.#timerDueMs = dueMs;
    const look = (): void => {
      if (this.#timerDueMs === dueMs) this.#timerDueMs = undefined;
      this.look();
    };
    this.#platform.setTimer(look, Math.max(0, dueMs - nowMs));
  }
}
