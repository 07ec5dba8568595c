import { serviceObject } from "../../durable/environment.ts";
import type { WorkerCount, WorkerCounts } from "../../durable/metrics/worker-counts.ts";
import { RPC_VERSION } from "../../durable/rpc.ts";
import type { Incoming } from "../incoming.ts";
import { CountReports } from "./count-reports.ts";

/** Counts what this isolate does with requests, for the objects of their services. */
export class WorkerCounter {
  readonly #nowMs: () => number;
  readonly #reports = new CountReports();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  count(
    { service, env }: Pick<Incoming, "service" | "env">,
    ctx: Pick<ExecutionContext, "waitUntil">,
    what: WorkerCount,
  ): void {
    if (!this.#reports.note(service.name, what, this.#nowMs())) return;
    const tell = (name: string, counts: WorkerCounts) =>
      serviceObject(env, name).countInWorker(RPC_VERSION, name, counts);
    ctx.waitUntil(this.#reports.send(tell));
  }
}
