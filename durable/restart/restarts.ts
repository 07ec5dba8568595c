import type { Generations, RestartOutcome } from "../generations.ts";
import type { Relief } from "../memory/budget.ts";
import type { AskForRelief } from "../memory/isolate-budget.ts";
import type { Runtime } from "../runtime.ts";
import type { RestartController } from "./controller.ts";
import { type RestartPlan, restartPlan } from "./restart-plan.ts";

/** What one service's restarts need of it. */
export interface RestartSurroundings {
  readonly name: string;
  readonly runtime: Runtime;
  readonly generations: Generations;
  readonly controller: RestartController;
  /** Takes a sample, so that what is judged is of now. */
  readonly sample: () => void;
  /** What the filter says its live decisions take; undefined where it says nothing. */
  readonly liveBytes: () => number | undefined;
  /** Asks another object of the isolate to give back memory. */
  readonly askForRelief: AskForRelief;
}

/** Carries restarts of one service out: those of its policy, of the operator, and of an isolate that is short of memory. */
export class Restarts {
  readonly #surroundings: RestartSurroundings;

  constructor(surroundings: RestartSurroundings) {
    this.#surroundings = surroundings;
  }

  /** What a restart now would free and cost; undefined where no instance is in memory. Takes a sample first, as a restart does. */
  plan(): RestartPlan | undefined {
    const { runtime, generations, controller, sample, liveBytes } = this.#surroundings;
    const generation = generations.current;
    if (generation === undefined) return undefined;
    sample();
    const nowMs = runtime.nowMs();
    const { allocatedBytes, startBytes } = generation;
    return restartPlan({
      ...controller.estimate(nowMs, allocatedBytes),
      handover: generation.handover !== undefined,
      startBytes,
      liveBytes: liveBytes(),
      priceCalls: controller.priceCalls(nowMs),
    });
  }

  /**
   * A fresh instance, with the live entries of the present one where the filter can hand them over. The reason goes into the
   * log of restarts.
   */
  async byOperator(reason: string): Promise<RestartOutcome> {
    const { generations, sample } = this.#surroundings;
    if (generations.current === undefined) return "not_running";
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
    const nowMs = runtime.nowMs();
    const { allocatedBytes = 0, startBytes = 0, handover } = generations.current ?? {};
    const { requiredBytes } = controller.estimate(nowMs, allocatedBytes);
    const evictionGainBytes = Math.max(0, allocatedBytes - startBytes);
    generations.isolate.budget.report(generations.owner, name, {
      // Without handover a restart is an eviction: all of it comes back, whatever is needed again later.
      gainBytes: handover !== undefined ? Math.max(0, allocatedBytes - requiredBytes) : evictionGainBytes,
      evictionGainBytes,
      priceCalls: controller.priceCalls(nowMs),
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
}
