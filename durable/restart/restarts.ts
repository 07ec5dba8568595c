import type { Generations } from "../generations.ts";
import type { Relief } from "../memory/budget.ts";
import type { AskForRelief } from "../memory/isolate-budget.ts";
import type { Runtime } from "../runtime.ts";
import type { RestartController } from "./controller.ts";

/** What a restart now would free, in bytes, and cost, in extra calls to the authorization server. */
export interface RestartPlan {
  readonly running: boolean;
  /** Live decisions survive it. */
  readonly handover: boolean;
  readonly allocatedBytes: number;
  readonly freedBytes: number;
  readonly extraCalls: number;
}

/** How long a request waits for room at most, and between two looks whether there is some. */
const MOST_WAIT_MS = 500;
const STEP_MS = 20;

/** What one service's restarts need of it. */
export interface RestartSurroundings {
  readonly name: string;
  readonly runtime: Runtime;
  readonly generations: Generations;
  readonly controller: RestartController;
  /** Takes a sample, so that what is judged is of now. */
  readonly sample: () => void;
  /** Asks another object of the isolate to give back memory. */
  readonly askForRelief: AskForRelief;
}

/** Carries restarts of one service out: those of its policy, of the operator, and of an isolate that is short of memory. */
export class Restarts {
  readonly #surroundings: RestartSurroundings;
  #room: Promise<void> | undefined;

  constructor(surroundings: RestartSurroundings) {
    this.#surroundings = surroundings;
  }

  /** What a restart now would free and cost. */
  get plan(): RestartPlan {
    const { runtime, generations, controller } = this.#surroundings;
    const generation = generations.current;
    const nowMs = runtime.nowMs();
    const { allocatedBytes, baselineBytes } = controller.estimate(nowMs, generation?.allocatedBytes ?? 0);
    return {
      running: generation !== undefined,
      handover: generation?.handover !== undefined,
      allocatedBytes,
      freedBytes: Math.max(0, allocatedBytes - baselineBytes),
      extraCalls: generation === undefined ? 0 : controller.priceCalls(nowMs),
    };
  }

  /**
   * A fresh instance, with the live entries of the present one where the filter can hand them over; false where none is in
   * memory, none will start, or the one before has not ended yet. The reason goes into the log.
   */
  async byOperator(reason: string): Promise<boolean> {
    const { generations, sample } = this.#surroundings;
    if (generations.current === undefined) return false;
    sample();
    return generations.restart(reason);
  }

  /** At the hard limit at once; anything else when the instance before has ended. */
  byPolicy(reason: string): void {
    const { name, generations } = this.#surroundings;
    if (reason === "hard_limit") {
      generations.replace(reason);
      return;
    }
    generations.restart(reason).catch((error: unknown) => console.error(`${name}: restart: ${String(error)}`));
  }

  /** The isolate is short of memory. `evict` gives back all there is, `restart` what is not needed. */
  async forIsolate(relief: Relief): Promise<void> {
    const { generations, sample } = this.#surroundings;
    if (generations.current === undefined) return;
    sample();
    if (relief === "evict") generations.replace("isolate_full");
    else await generations.restart("isolate_short");
    this.report();
  }

  /** Tells the isolate's budget what this service would give back. */
  report(): void {
    const { name, runtime, generations, controller } = this.#surroundings;
    const { allocatedBytes, handover, extraCalls } = this.plan;
    const { requiredBytes } = controller.estimate(runtime.nowMs(), allocatedBytes);
    const evictionGainBytes = Math.max(0, allocatedBytes - (generations.current?.startBytes ?? 0));
    generations.isolate.budget.report(generations.owner, name, {
      // Without handover a restart is an eviction: all of it comes back, whatever is needed again later.
      gainBytes: handover ? Math.max(0, allocatedBytes - requiredBytes) : evictionGainBytes,
      evictionGainBytes,
      priceCalls: extraCalls,
    });
  }

  /** Has memory given back, here or in another object, if the isolate is short of it. Never rejects. */
  async relieveIsolate(): Promise<void> {
    const { name, generations, askForRelief } = this.#surroundings;
    const { budget } = generations.isolate;
    if (!budget.isShort) return;
    this.report();
    await budget.relieve((member, relief) =>
      member === name ? this.forIsolate(relief) : askForRelief(member, relief),
    );
  }

  /**
   * To be waited for before a request is decided: undefined unless the isolate is full. The host cannot stop a memory that
   * grows within a call, so no call begins while there is no room and some is about to come. It is never waited for long.
   */
  room(): Promise<void> | undefined {
    if (!this.#surroundings.generations.isolate.budget.isFull) return undefined;
    // Of this object alone: a promise of another one must not be awaited.
    this.#room ??= this.#makeRoom().finally(() => {
      this.#room = undefined;
    });
    return this.#room;
  }

  async #makeRoom(): Promise<void> {
    const { budget } = this.#surroundings.generations.isolate;
    for (let waitedMs = 0; waitedMs < MOST_WAIT_MS && budget.isFull; waitedMs += STEP_MS) {
      await this.relieveIsolate();
      if (!budget.isComingBack) return;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }
}
