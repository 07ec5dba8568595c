import type { AbortNotice as HostAbortNotice } from "../../wasm/host/index.ts";
import type { DeadlineTimer } from "../runtime/deadline-timer.ts";
import { AbortNotice } from "./abort-notice.ts";

/** How long the filter may keep one request waiting, stage by stage. */
export class StageDeadline {
  readonly #timer: DeadlineTimer;
  readonly #notice = new AbortNotice();

  constructor(timer: DeadlineTimer) {
    this.#timer = timer;
  }

  /** For the host, which gives the request up by it. */
  get signal(): HostAbortNotice {
    return this.#notice;
  }

  /** Waits for one stage. Beyond the limit the host decides it as `failed`, reason `aborted`. */
  async wait<T>(stage: Promise<T>): Promise<T> {
    const end = this.#timer.start(() => this.#notice.abort());
    try {
      return await stage;
    } finally {
      end();
    }
  }
}
