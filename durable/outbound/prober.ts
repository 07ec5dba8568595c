import type { Contact, Reachability } from "./reachability.ts";

export const PROBE_LIMITS = {
  /** From the end of one probe to the next. */
  intervalMs: 5_000,
  /** A probe has a deadline of its own: a cluster's may be a minute. */
  timeoutMs: 5_000,
  /** Without a request for so long probing ends, and with it what was known: a timer keeps an object in memory, and billed. */
  idleMs: 60_000,
} as const;

export interface ProberDependencies {
  readonly reachability: Reachability;
  readonly nowMs: () => number;
  /** Sends one probe. */
  readonly probe: () => Promise<Contact>;
  /** Called after each probe. */
  readonly onProbed: () => void;
  readonly intervalMs: number;
  readonly idleMs: number;
}

/** Probes one server from the first suspicion until it answers, or nobody asks for it any more. */
export class Prober {
  readonly #dependencies: ProberDependencies;
  #askedMs = 0;
  #isRunning = false;

  constructor(dependencies: ProberDependencies) {
    this.#dependencies = dependencies;
  }

  /** Somebody asked for the server, whether the call was sent or not. */
  asked(): void {
    this.#askedMs = this.#dependencies.nowMs();
    if (!this.#isRunning && this.#dependencies.reachability.isSuspected) void this.#run();
  }

  async #run(): Promise<void> {
    const { reachability, nowMs, probe, onProbed, intervalMs, idleMs } = this.#dependencies;
    this.#isRunning = true;
    while (reachability.isSuspected && nowMs() - this.#askedMs < idleMs) {
      const startedMs = nowMs();
      const contact = await probe();
      reachability.probeEnded(contact, startedMs, nowMs());
      onProbed();
      if (reachability.isSuspected) await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
    this.#isRunning = false;
    reachability.forget();
    onProbed();
  }
}
