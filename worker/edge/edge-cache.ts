import type { Service } from "../../config/index.ts";
import type { DecideRequest } from "../../durable/rpc.ts";
import type { Runtime } from "../../durable/runtime/runtime.ts";
import type { HeaderChange } from "../../wasm/host/index.ts";
import type { WorkerCounter } from "../counts/worker-counter.ts";
import type { Incoming } from "../incoming.ts";
import { changeBytes } from "../kept/change-bytes.ts";
import { KeptValues } from "../kept/kept-values.ts";
import { sharedMemory } from "../kept/shared-memory.ts";
import { edgeKeyText } from "./edge-key.ts";

/** Allows that this isolate keeps for services with `cache.edgeTtlMs` (docs/edge-cache.md). */
export class EdgeCache {
  readonly #nowMs: () => number;
  readonly #decisions: KeptValues<readonly HeaderChange[]>;
  readonly #counter: WorkerCounter;

  constructor(runtime: Pick<Runtime, "nowMs" | "isolate">, counter: WorkerCounter) {
    this.#nowMs = () => runtime.nowMs();
    this.#decisions = new KeptValues(sharedMemory(runtime));
    this.#counter = counter;
  }

  /**
   * A question that may be answered here; undefined if the service keeps nothing here.
   * @param text the question, encoded
   */
  question(
    incoming: Incoming,
    question: DecideRequest,
    text: string,
    ctx: Pick<ExecutionContext, "waitUntil">,
  ): EdgeQuestion | undefined {
    const { service } = incoming;
    const edgeTtlMs = edgeTtlMsOf(service);
    if (edgeTtlMs === 0) return undefined;
    const key = this.#decisions.keyOf(edgeKeyText(service, question, text));
    const askedAtMs = this.#nowMs();
    return {
      answer: () => {
        const changes = this.#decisions.find(key, askedAtMs);
        if (changes !== undefined) this.#counter.count(incoming, ctx, "edgeHits");
        return changes;
      },
      keep: (changes, freshForMs) => {
        const lifeMs = Math.min(freshForMs, edgeTtlMs);
        if (lifeMs <= 0) return;
        const bytes = changeBytes(changes);
        this.#decisions.keep(key, { service: service.name, value: changes, bytes, askedAtMs, freshForMs: lifeMs });
      },
    };
  }

  /** A purge: here it takes effect at once. */
  forget(service: string): void {
    this.#decisions.forget(service);
  }
}

export interface EdgeQuestion {
  /** The changes of an allow that is kept here and fresh. */
  answer(): readonly HeaderChange[] | undefined;
  /** Keeps the object's allow. */
  keep(changes: readonly HeaderChange[], freshForMs: number): void;
}

/** How long a purge may take to reach all isolates, in ms. */
export function edgeTtlMsOf({ filterKind }: Pick<Service, "filterKind">): number {
  return filterKind.kind === "built-in" ? filterKind.cache.edgeTtlMs : 0;
}
