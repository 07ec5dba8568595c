import { sleep } from "../runtime/async.ts";
import { hasElapsed } from "../runtime/elapsed.ts";
import type { Contact, Reachability } from "./reachability.ts";

export const PROBE_LIMITS = {
  /** From the start of one probe to that of the next, at most. The first follow faster: many outages are a moment. */
  intervalMs: 5_000,
  /** Of a probe. A cluster's own may be a minute, or so short that a server which is merely slow looks silent. */
  timeoutMs: 5_000,
  /** Without a request for so long probing ends, and with it what was known: a timer keeps an object in memory, and billed. */
  idleMs: 60_000,
} as const;

/** From the first probe to the second; doubled from probe to probe. */
const FIRST_INTERVAL_MS = 500;

export interface ProberDependencies {
  readonly reachability: Reachability;
  readonly nowMs: () => number;
  /** Sends one probe. */
  readonly probe: () => Promise<Contact>;
  /** Called after each probe. */
  readonly onProbed: () => void;
  /** Called when probing begins, which then has a connection of its own, and when it is over. */
  readonly onRunning: (isRunning: boolean) => void;
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
    // A clock that was set meanwhile must not put off the next probe.
    const tookMs = Math.max(0, nowMs() - startedMs);
    return sleep(Math.max(0, waitMs - tookMs));
  }
}
