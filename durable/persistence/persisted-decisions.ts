import type { Generation } from "../instances/generation.ts";
import type { InstanceManager } from "../instances/instance-manager.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { StorageHealth } from "../storage/storage-health.ts";
import type { Journal } from "./journal.ts";
import type { PersistedDecisionsStats, RestoreOutcome } from "./persistence-stats.ts";

/** Interval between two writes. Every write is billed. */
const WRITE_INTERVAL_MS = 60_000;
/** The longest that a request waits for stored decisions. */
const MAX_RESTORE_MS = 1_000;

/** Decisions of one service that survive eviction: written while the object serves, restored in its next life. */
export class PersistedDecisions {
  readonly #journal: Journal;
  readonly #instances: InstanceManager;
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #health: StorageHealth;
  /** The restore in progress. */
  #restoring: Promise<void> | undefined;
  #isRestored = false;
  #writing = false;
  #lastWrite: PersistedDecisionsStats["lastWrite"] = null;
  #lastRestore: PersistedDecisionsStats["waking"] = null;

  constructor(name: string, journal: Journal, instances: InstanceManager, runtime: Runtime, health: StorageHealth) {
    this.#name = name;
    this.#health = health;
    this.#journal = journal;
    this.#instances = instances;
    this.#runtime = runtime;
  }

  /** Await this before deciding a request. Undefined once the restore is over. Never rejects. */
  restore(): Promise<void> | undefined {
    if (this.#isRestored) return undefined;
    this.#restoring ??= this.#restore().finally(() => {
      this.#isRestored = true;
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  /** The restore in progress; undefined if there is none. */
  get restoring(): Promise<void> | undefined {
    return this.#restoring;
  }

  /** Whether there are decisions in storage. */
  get hasStored(): boolean {
    return this.#journal.stored !== undefined;
  }

  get isWriting(): boolean {
    return this.#writing;
  }

  isDue(nowMs: number): boolean {
    return !this.#writing && hasElapsed(this.#journal.lookedAtMs, WRITE_INTERVAL_MS, nowMs);
  }

  /** Stores what has changed, in small steps. Never rejects. */
  async write(): Promise<void> {
    const generation = this.#instances.current;
    const handover = generation?.handover;
    if (generation === undefined || handover === undefined || this.#writing) return;
    this.#writing = true;
    try {
      this.#lastWrite = await this.#journal.write(handover, generation.allocatedBytes, () =>
        this.#isServing(generation),
      );
    } catch (error) {
      this.#lastWrite = "failed";
      this.#health.failed("storing decisions", error);
    } finally {
      this.#writing = false;
    }
  }

  /** Once the promise is fulfilled, purged decisions cannot come back from storage. */
  purge(credentials?: readonly string[]): Promise<void> {
    return this.#journal.purge(credentials);
  }

  get stats(): PersistedDecisionsStats {
    const { stored } = this.#journal;
    return {
      storedBytes: stored?.bytes ?? 0,
      storedRows: stored?.rows ?? 0,
      writtenAtMs: stored?.writtenAtMs ?? null,
      lastWrite: this.#lastWrite,
      waking: this.#lastRestore,
    };
  }

  /** Also false during a restart: a handover needs its own export session. */
  #isServing(generation: Generation): boolean {
    return generation === this.#instances.current && !generation.failed && !this.#instances.restarting;
  }

  async #restore(): Promise<void> {
    const startedMs = this.#runtime.nowMs();
    const { stored, wasUnreadable } = this.#journal;
    if (wasUnreadable) {
      console.error(`${this.#name}: stored decisions were removed: damaged, or sealed with another key`);
      this.#lastRestore = { outcome: "unreadable", atMs: startedMs, durationMs: 0 };
    }
    if (stored === undefined || stored.rows === 0) return;
    let outcome: RestoreOutcome | "no_room" | "failed" = "failed";
    try {
      outcome = await this.#restoredIfRoom(stored.allocatedBytes, startedMs);
      // The journal would lack what the serving instance learns.
      if (outcome !== "restored") await this.#journal.purge();
    } catch (error) {
      this.#health.failed("reading stored decisions", error);
    }
    this.#lastRestore = { outcome, atMs: startedMs, durationMs: this.#runtime.nowMs() - startedMs };
  }

  async #restoredIfRoom(allocatedBytes: number, startedMs: number): Promise<RestoreOutcome | "no_room" | "failed"> {
    if (!this.#hasRoomFor(allocatedBytes)) return "no_room";
    const giveBack = this.#instances.isolate.memory.reserve(allocatedBytes);
    try {
      return await this.#restored(startedMs);
    } finally {
      giveBack();
    }
  }

  #hasRoomFor(allocatedBytes: number): boolean {
    const { memory, budget } = this.#instances.isolate;
    return allocatedBytes <= memory.roomBelow(budget.hardBytes);
  }

  /** The serving instance did not restore the journal, so old decisions must not overrule the ones it makes. */
  forget(): void {
    this.#journal.purge().catch((error: unknown) => this.#health.failed("removing stored decisions", error));
  }

  async #restored(startedMs: number): Promise<RestoreOutcome | "failed"> {
    let outcome: RestoreOutcome | "failed" = "failed";
    await this.#instances.beginFilled(async (fresh) => {
      const { handover } = fresh;
      if (handover === undefined) return false;
      const inTime = () => !fresh.failed && this.#runtime.nowMs() - startedMs < MAX_RESTORE_MS;
      outcome = await this.#journal.restore(handover, inTime);
      if (fresh.failed) outcome = "failed";
      return outcome === "restored";
    });
    return outcome;
  }
}
