import { sleep } from "../runtime/async.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import type { Contact, Reachability } from "./reachability.ts";

export const PROBE_LIMITS = {
  /** Maximum interval between the starts of two probes. The first intervals are shorter, because many outages are short. */
  intervalMs: 5_000,
  /** Deadline of a probe. A cluster's own timeout may be a minute, or so short that a slow server looks silent. */
  timeoutMs: 5_000,
  /** Probing ends after this time without a call, and the state is forgotten: a timer keeps an object in memory, and billed. */
  idleMs: 60_000,
} as const;

/** Interval between the first two probes; it doubles with each probe. */
const FIRST_INTERVAL_MS = 500;

export interface ProberDependencies {
  readonly reachability: Reachability;
  readonly nowMs: () => number;
  /** Sends one probe. */
  readonly probe: () => Promise<Contact>;
  /** Called after each probe. */
  readonly onProbed: () => void;
  /** Called when probing begins, which then needs its own connection, and when it ends. */
  readonly onRunning: (isRunning: boolean) => void;
  readonly intervalMs: number;
  readonly idleMs: number;
}

/** Probes one server from the first suspicion until it answers or gets no more calls. */
export class Prober {
  readonly #dependencies: ProberDependencies;
  #askedMs = 0;
  #isRunning = false;

  constructor(dependencies: ProberDependencies) {
    this.#dependencies = dependencies;
  }

  /** The filter called the server, whether or not the call was sent. */
  asked(): void {
    this.#askedMs = this.#dependencies.nowMs();
    if (!this.#isRunning && this.#dependencies.reachability.isSuspected) void this.#run();
  }

  async #run(): Promise<void> {
    const { reachability, nowMs, probe, onProbed, onRunning, idleMs } = this.#dependencies;
    this.#isRunning = true;
    onRunning(true);
    while (reachability.isSuspected && !hasElapsed(this.#askedMs, idleMs, nowMs())) {
      const startedMs = nowMs();
      const contact = await probe();
      reachability.probeEnded(contact, startedMs, nowMs());
      onProbed();
      if (reachability.isSuspected) await this.#untilNext(startedMs);
    }
    this.#isRunning = false;
    reachability.forget();
    onProbed();
    onRunning(false);
  }

  #untilNext(startedMs: number): Promise<void> {
    const { reachability, nowMs, intervalMs } = this.#dependencies;
    const waitMs = Math.min(intervalMs, FIRST_INTERVAL_MS * 2 ** Math.max(0, reachability.failedProbes - 1));
    // A clock that was set meanwhile must not delay the next probe.
    const tookMs = Math.max(0, nowMs() - startedMs);
    return sleep(Math.max(0, waitMs - tookMs));
  }
}
