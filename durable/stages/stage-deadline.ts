import type { AbortNotice as HostAbortNotice } from "../../wasm/host/index.ts";
import type { DeadlineTimer } from "../runtime/deadline-timer.ts";
import { AbortNotice } from "./abort-notice.ts";

/** Limits how long the filter may delay one request in each stage. */
export class StageDeadline {
  readonly #timer: DeadlineTimer;
  readonly #notice = new AbortNotice();

  constructor(timer: DeadlineTimer) {
    this.#timer = timer;
  }

  /** Makes the host give up the request. */
  get signal(): HostAbortNotice {
    return this.#notice;
  }

  /** Waits for one stage. After the limit the host decides it as `failed`, reason `aborted`. */
  async wait<T>(stage: Promise<T>): Promise<T> {
    const end = this.#timer.start(() => this.#notice.abort());
    try {
      return await stage;
    } finally {
      end();
    }
  }
}
