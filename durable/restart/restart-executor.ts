import type { InstanceManager, RestartOutcome } from "../instances/instance-manager.ts";
import type { ReclaimRequest } from "../memory/budget-action.ts";
import type { AskToReclaim } from "../memory/isolate-budget.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { RestartController } from "./controller.ts";
import { type RestartPlan, restartPlan } from "./restart-plan.ts";

export interface RestartDependencies {
  readonly name: string;
  readonly runtime: Runtime;
  readonly instances: InstanceManager;
  readonly controller: RestartController;
  /** Takes a sample, so that estimates are current. */
  readonly sample: () => void;
  /** Bytes of live decisions as counted by the filter; undefined if it does not report them. */
  readonly liveBytes: () => number | undefined;
  /** Asks another object of the isolate to free memory. */
  readonly askToReclaim: AskToReclaim;
}

/** Carries out the restarts of one service: for its policy, the operator, or an isolate that is short of memory. */
export class RestartExecutor {
  readonly #dependencies: RestartDependencies;
  /** Whether the log has told why a filter without calls is restarted. */
  #isExplained = false;

  constructor(dependencies: RestartDependencies) {
    this.#dependencies = dependencies;
  }

  /** The gain and price of a restart now; undefined if no instance is in memory. Takes a sample first. */
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
   * Restarts on request of the operator, with handover if the filter supports it.
   * @param reason for the log of restarts
   * @param cfRay of the operator's request
   */
  async byOperator(reason: string, cfRay: string | null = null): Promise<RestartOutcome> {
    const { instances, sample } = this.#dependencies;
    if (instances.current === undefined) return "not_running";
    sample();
    return instances.restart(reason, cfRay);
  }

  /** Restarts for the policy: at the hard limit at once, else only if no earlier instance still drains. */
  byPolicy(reason: string): void {
    const { name, instances } = this.#dependencies;
    if (reason === "hard_limit") {
      instances.replace(reason);
      return;
    }
    if (reason === "grows_without_calls") this.#explainOnce();
    instances.restart(reason).catch((error: unknown) => console.error(`${name}: restart: ${String(error)}`));
  }

  #explainOnce(): void {
    if (this.#isExplained) return;
    this.#isExplained = true;
    console.warn(
      `${this.#dependencies.name}: the filter makes no authorization calls and its memory keeps growing, so it is restarted ` +
        "as a leak. If it fills a table or keeps counters that a restart must not reset, set " +
        "restart.callFreeGrowth.restart to false.",
    );
  }

  /** Frees memory for the isolate: `evict` discards the cache, `restart` keeps it if the filter supports handover. */
  async forIsolate(request: ReclaimRequest): Promise<void> {
    const { instances, sample } = this.#dependencies;
    if (instances.current === undefined) return;
    sample();
    if (request === "evict") instances.replace("isolate_full");
    else await instances.restart("isolate_short");
    this.report();
  }

  /** Reports to the isolate's budget the memory that this service could free, and its price. */
  report(): void {
    const { name, runtime, instances, controller } = this.#dependencies;
    const nowMs = runtime.nowMs();
    const { allocatedBytes = 0, startBytes = 0, handover } = instances.current ?? {};
    const { requiredBytes } = controller.estimate(nowMs, allocatedBytes);
    const evictionGainBytes = Math.max(0, allocatedBytes - startBytes);
    instances.isolate.budget.report(instances.owner, name, {
      // Without handover, a restart frees everything, like an eviction.
      gainBytes: handover !== undefined ? Math.max(0, allocatedBytes - requiredBytes) : evictionGainBytes,
      evictionGainBytes,
      priceCalls: controller.priceCalls(nowMs),
    });
  }

  /** If the isolate is short of memory, frees some in the object that its budget chooses. Never rejects. */
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
