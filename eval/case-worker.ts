import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Case, caseName } from "./cases.ts";
import { type GuestCallKind, GuestCalls } from "./guests/guest-calls.ts";
import type { CaseResult } from "./run-case.ts";
import { watchCalls } from "./watchdog.ts";

/** What a worker thread sends: that its code is loaded, then one answer to each case. */
export type WorkerMessage = "ready" | { readonly result: CaseResult } | { readonly error: string };

/** Where to look for a loop. */
const CALLBACKS: Readonly<Record<GuestCallKind, string>> = {
  start: "its start (_start, _initialize, proxy_on_vm_start or proxy_on_configure)",
  request: "a request (proxy_on_request_headers, or proxy_on_http_call_response for a call)",
  tick: "proxy_on_tick",
  restart: "a restart (proxy_on_done of the root, or the start of the next instance)",
};

/** A thread that runs cases, one at a time. */
export class CaseWorker {
  readonly #calls = new GuestCalls();
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: this.#calls.memory });
  readonly #loaded = this.#message();
  readonly #maxCallMs: number | undefined;

  /** @param maxCallMs see `watchCalls` */
  constructor(maxCallMs?: number) {
    this.#maxCallMs = maxCallMs;
    // `run` reports it.
    this.#loaded.catch(() => {});
  }

  /** @throws Error that names the case, and the file of a filter that does not return */
  async run(given: Case): Promise<CaseResult> {
    let unwatch = (): void => {};
    const loop = new Promise<never>((_, reject) => {
      const onLoop = (kind: GuestCallKind, afterMs: number): void => reject(new Error(loopIn(given, kind, afterMs)));
      unwatch = watchCalls(this.#calls, onLoop, this.#maxCallMs);
    });
    try {
      await this.#loaded;
      this.#worker.postMessage(given);
      const answer = await Promise.race([this.#message(), loop]);
      if (answer !== "ready" && "result" in answer) return answer.result;
      throw new Error(answer === "ready" ? "its thread has started twice" : answer.error);
    } catch (error) {
      throw new Error(`${caseName(given)}: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      unwatch();
    }
  }

  /** Ends the thread, also while a filter blocks it. */
  async stop(): Promise<void> {
    // V8 ends the whole process if a thread is terminated while it loads modules with a top-level await.
    await this.#loaded.catch(() => {});
    await this.#worker.terminate();
  }

  /** The next message. @throws the thread's error if it ends instead */
  async #message(): Promise<WorkerMessage> {
    const settled = new AbortController();
    const { signal } = settled;
    try {
      const ended = once(this.#worker, "exit", { signal }).then(([code]): never => {
        throw new Error(`its thread ended with code ${code}`);
      });
      const [message] = await Promise.race([once(this.#worker, "message", { signal }), ended]);
      return message;
    } finally {
      settled.abort();
    }
  }
}

function loopIn({ guest }: Case, kind: GuestCallKind, afterMs: number): string {
  const file = "file" in guest ? guest.file : guest.rule;
  return [
    `${file} does not return from ${CALLBACKS[kind]} after ${afterMs / 1_000} s: it seems to loop without end.`,
    "End that loop, then run this again.",
    "The clock stands still during a call, as it does in Workers, so a loop that waits for a time never ends.",
  ].join(" ");
}
