import type { InstanceManager, RestartOutcome } from "../instances/instance-manager.ts";
import type { ReclaimRequest } from "../memory/budget.ts";
import type { AskToReclaim } from "../memory/isolate-budget.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { RestartController } from "./controller.ts";
import { type RestartPlan, restartPlan } from "./restart-plan.ts";

/** What one service's restarts need of it. */
export interface RestartDependencies {
  readonly name: string;
  readonly runtime: Runtime;
  readonly instances: InstanceManager;
  readonly controller: RestartController;
  /** Takes a sample, so that what is judged is of now. */
  readonly sample: () => void;
  /** What the filter says its live decisions take; undefined where it says nothing. */
  readonly liveBytes: () => number | undefined;
  /** Asks another object of the isolate to give back memory. */
  readonly askToReclaim: AskToReclaim;
}

/** Carries restarts of one service out: those of its policy, of the operator, and of an isolate that is short of memory. */
export class RestartExecutor {
  readonly #dependencies: RestartDependencies;

  constructor(dependencies: RestartDependencies) {
    this.#dependencies = dependencies;
  }

  /** What a restart now would free and cost; undefined where no instance is in memory. Takes a sample first, as a restart does. */
  plan(): RestartPlan | undefined {
    const { runtime, instances, controller, sample, liveBytes } = this.#dependencies;
    const generation = instances.current;
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
    const { instances, sample } = this.#dependencies;
    if (instances.current === undefined) return "not_running";
    sample();
    return instances.restart(reason);
  }

  /** At the hard limit at once; anything else when the instance before has ended. */
  byPolicy(reason: string): void {
    const { name, instances } = this.#dependencies;
    if (reason === "hard_limit") {
      instances.replace(reason);
      return;
    }
    instances.restart(reason).catch((error: unknown) => console.error(`${name}: restart: ${String(error)}`));
  }

  /** The isolate is short of memory. `evict` gives back all there is, `restart` what is not needed. */
  async forIsolate(request: ReclaimRequest): Promise<void> {
    const { instances, sample } = this.#dependencies;
    if (instances.current === undefined) return;
    sample();
    if (request === "evict") instances.replace("isolate_full");
    else await instances.restart("isolate_short");
    this.report();
  }

  /** Tells the isolate's budget what this service would give back. */
  report(): void {
    const { name, runtime, instances, controller } = this.#dependencies;
    const nowMs = runtime.nowMs();
    const { allocatedBytes = 0, startBytes = 0, handover } = instances.current ?? {};
    const { requiredBytes } = controller.estimate(nowMs, allocatedBytes);
    const evictionGainBytes = Math.max(0, allocatedBytes - startBytes);
    instances.isolate.budget.report(instances.owner, name, {
      // Without handover a restart is an eviction: all of it comes back, whatever is needed again later.
      gainBytes: handover !== undefined ? Math.max(0, allocatedBytes - requiredBytes) : evictionGainBytes,
      evictionGainBytes,
      priceCalls: controller.priceCalls(nowMs),
    });
  }

  /** Has memory given back, here or in another object, if the isolate is short of it. Never rejects. */
  async reclaimForIsolate(): Promise<void> {
    const { name, instances, askToReclaim } = this.#dependencies;
    const { budget } = instances.isolate;
    if (!budget.isShort) return;
    this.report();
    await budget.reclaim((member, request) =>
      member === name ? this.forIsolate(request) : askToReclaim(member, request),
    );
  }
}
