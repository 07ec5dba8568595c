import type { Service } from "../../config/index.ts";
import { thisIsolate } from "../../durable/memory/isolate.ts";
import { type DecideRequest, RPC_VERSION } from "../../durable/rpc.ts";
import type { Runtime } from "../../durable/runtime/runtime.ts";
import type { HeaderChange } from "../../wasm/host/index.ts";
import type { Incoming } from "../incoming.ts";
import { EdgeDecisions } from "./edge-decisions.ts";
import { edgeKeyText } from "./edge-key.ts";
import { HitReports } from "./hit-reports.ts";

/** Allows that this isolate keeps for services with `cache.edgeTtlMs` (docs/edge-cache.md). */
export class EdgeCache {
  readonly #nowMs: () => number;
  readonly #decisions: EdgeDecisions;
  readonly #reports = new HitReports();

  constructor(runtime: Pick<Runtime, "nowMs" | "isolate">) {
    this.#nowMs = () => runtime.nowMs();
    let noted = 0;
    const isolate = () => runtime.isolate ?? thisIsolate();
    this.#decisions = new EdgeDecisions({
      get isShort() {
        return isolate().budget.isShort;
      },
      // A Worker may have several gateways.
      noteBytes: (bytes) => {
        isolate().memory.addEdgeBytes(bytes - noted);
        noted = bytes;
      },
    });
  }

  /**
   * A question that may be answered here; undefined if the service keeps nothing here.
   * @param text the question, encoded
   */
  question(
    { service, env }: Incoming,
    question: DecideRequest,
    text: string,
    ctx: Pick<ExecutionContext, "waitUntil">,
  ): EdgeQuestion | undefined {
    const edgeTtlMs = edgeTtlMsOf(service);
    if (edgeTtlMs === 0) return undefined;
    const key = this.#decisions.keyOf(edgeKeyText(service, question, text));
    const askedAtMs = this.#nowMs();
    return {
      answer: () => {
        const changes = this.#decisions.find(key, askedAtMs);
        if (changes !== undefined && this.#reports.note(service.name, askedAtMs)) {
          const tell = (name: string, hits: number) =>
            env.SERVICE_OBJECT.getByName(name).countEdgeHits(RPC_VERSION, name, hits);
          ctx.waitUntil(this.#reports.send(tell));
        }
        return changes;
      },
      keep: (changes, freshForMs) => {
        const lifeMs = Math.min(freshForMs, edgeTtlMs);
        if (lifeMs > 0) this.#decisions.keep(key, service.name, changes, lifeMs, askedAtMs);
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
