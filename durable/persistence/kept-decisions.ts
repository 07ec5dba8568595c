import type { Generation } from "../instances/generation.ts";
import type { InstanceManager } from "../instances/instance-manager.ts";
import type { Runtime } from "../runtime.ts";
import type { Journal } from "./journal.ts";
import type { KeptDecisionsStats, RestoreOutcome } from "./persistence-stats.ts";

/** Between two writes; each is billed. */
const WRITE_INTERVAL_MS = 60_000;
/** Longer than this no request waits for what is stored. */
const MAX_WAKING_MS = 1_000;

/** Decisions of one service that outlive its object: written while it serves, read when it comes back. */
export class KeptDecisions {
  readonly #journal: Journal;
  readonly #instances: InstanceManager;
  readonly #runtime: Runtime;
  readonly #name: string;
  /** Undefined before the first request, and once there is no more to wait for. */
  #waking: Promise<void> | undefined;
  #woken = false;
  #writing = false;
  #lastWrite: KeptDecisionsStats["lastWrite"] = null;
  #lastWaking: KeptDecisionsStats["waking"] = null;

  constructor(name: string, journal: Journal, instances: InstanceManager, runtime: Runtime) {
    this.#name = name;
    this.#journal = journal;
    this.#instances = instances;
    instances.onEmptied = () => this.#forget();
    this.#runtime = runtime;
  }

  /** To be waited for before a request is decided; undefined where there is nothing to wait for. Never rejects. */
  wake(): Promise<void> | undefined {
    if (this.#woken) return undefined;
    this.#waking ??= this.#wake().finally(() => {
      this.#woken = true;
      this.#waking = undefined;
    });
    return this.#waking;
  }

  /** Waking under way, for who must not come between. */
  get waking(): Promise<void> | undefined {
    return this.#waking;
  }

  /** Whether there are decisions in storage. */
  get hasStored(): boolean {
    return this.#journal.stored !== undefined;
  }

  isDue(nowMs: number): boolean {
    const elapsedMs = nowMs - this.#journal.lookedAtMs;
    return !this.#writing && (elapsedMs >= WRITE_INTERVAL_MS || elapsedMs < 0);
  }

  /** Stores what has changed, in many small steps. Never rejects. */
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
      console.error(`${this.#name}: decisions could not be stored: ${String(error)}`);
    } finally {
      this.#writing = false;
    }
  }

  /** Once it is fulfilled, what was purged does not come back from storage. */
  purge(credentials?: readonly string[]): Promise<void> {
    return this.#journal.purge(credentials);
  }

  get stats(): KeptDecisionsStats {
    const { stored } = this.#journal;
    return {
      storedBytes: stored?.bytes ?? 0,
      storedRows: stored?.rows ?? 0,
      writtenAtMs: stored?.writtenAtMs ?? null,
      lastWrite: this.#lastWrite,
      waking: this.#lastWaking,
    };
  }

  /** An instance that hands its entries over has somebody else to tell. */
  #isServing(generation: Generation): boolean {
    return generation === this.#instances.current && !generation.failed && !this.#instances.restarting;
  }

  async #wake(): Promise<void> {
    const startedMs = this.#runtime.nowMs();
    const { stored, wasUnreadable } = this.#journal;
    if (wasUnreadable) {
      console.error(`${this.#name}: stored decisions were removed: damaged, or of another key`);
      this.#lastWaking = { outcome: "unreadable", atMs: startedMs, durationMs: 0 };
    }
    if (stored === undefined || stored.rows === 0) return;
    let outcome: RestoreOutcome | "no_room" | "failed" = "failed";
    try {
      outcome = await this.#restoredIfRoom(stored.allocatedBytes, startedMs);
      // What this life learns would not be in it.
      if (outcome !== "restored") await this.#journal.purge();
    } catch (error) {
      console.error(`${this.#name}: stored decisions could not be read: ${String(error)}`);
    }
    this.#lastWaking = { outcome, atMs: startedMs, durationMs: this.#runtime.nowMs() - startedMs };
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

  /** The instance that serves knows nothing of what is stored: it must not come back over what that one learns. */
  #forget(): void {
    this.#journal.purge().catch((error: unknown) => {
      console.error(`${this.#name}: stored decisions could not be removed: ${String(error)}`);
    });
  }

  async #restored(startedMs: number): Promise<RestoreOutcome | "failed"> {
    let outcome: RestoreOutcome | "failed" = "failed";
    await this.#instances.beginFilled(async (fresh) => {
      const { handover } = fresh;
      if (handover === undefined) return false;
      const inTime = () => !fresh.failed && this.#runtime.nowMs() - startedMs < MAX_WAKING_MS;
      outcome = await this.#journal.restore(handover, inTime);
      if (fresh.failed) outcome = "failed";
      return outcome === "restored";
    });
    return outcome;
  }
}
