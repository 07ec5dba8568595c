import type { DirectoryReport } from "../../../../durable/directory/service-report.ts";

/**
 * `off`: not wanted. `hidden`: waits until the tab is visible. `waking`: connects. `live`: figures come in. `reconnecting`: waits
 * until it tries again. `ended`: watched for so long that the operator has probably gone. `signed-out`: the session has ended.
 */
export type LiveState = "off" | "hidden" | "waking" | "live" | "reconnecting" | "ended" | "signed-out";

/** Pauses between attempts, in ms: the first, and the longest. Each failure doubles it. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Watching keeps the object in memory, which is billed. */
const LONGEST_WATCH_MS = 30 * 60_000;
/** Figures come every two seconds. A connection that was silent for so long is dead. */
const SILENT_MS = 15_000;

/** The stream of one object's figures, while the operator wants it and the tab is visible. */
export class Live {
  #state: LiveState = "off";
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #sinceMs = 0;
  readonly #url: string;
  readonly #hasAccess: () => Promise<boolean>;
  readonly #onReport: (report: DirectoryReport) => void;
  readonly #onState: (state: LiveState) => void;

  /** @param hasAccess asked when the gateway refuses the stream, because an EventSource does not tell the status */
  constructor(
    url: string,
    hasAccess: () => Promise<boolean>,
    onReport: (report: DirectoryReport) => void,
    onState: (state: LiveState) => void,
  ) {
    this.#url = url;
    this.#hasAccess = hasAccess;
    this.#onReport = onReport;
    this.#onState = onState;
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
    addEventListener("pagehide", () => this.#close());
  }

  get state(): LiveState {
    return this.#state;
  }

  /** The operator wants to watch. */
  start(): void {
    this.#failures = 0;
    this.#sinceMs = Date.now();
    this.#connect();
  }

  stop(): void {
    this.#close();
    this.#enter("off");
  }

  #visibilityChanged(): void {
    if (!isWatching(this.#state)) return;
    if (!document.hidden) {
      this.start();
      return;
    }
    this.#close();
    this.#enter("hidden");
  }

  #connect(): void {
    this.#close();
    if (document.hidden) {
      this.#enter("hidden");
      return;
    }
    this.#enter(this.#failures === 0 ? "waking" : "reconnecting");
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#expectSign();
    source.addEventListener("report", (event) => this.#received(event));
    // The browser's own attempts have no limit, so this connection is given up.
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) void this.#checkAccess();
      this.#failed();
    });
  }

  #received(event: MessageEvent<string>): void {
    if (Date.now() - this.#sinceMs > LONGEST_WATCH_MS) {
      this.#close();
      this.#enter("ended");
      return;
    }
    this.#failures = 0;
    this.#expectSign();
    this.#enter("live");
    this.#onReport(JSON.parse(event.data) as DirectoryReport);
  }

  #failed(): void {
    this.#close();
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#enter("reconnecting");
    this.#timer = setTimeout(() => this.#connect(), pauseMs);
  }

  /** A session that ended does not come back by trying again. */
  async #checkAccess(): Promise<void> {
    if ((await this.#hasAccess()) || !isWatching(this.#state)) return;
    this.#close();
    this.#enter("signed-out");
  }

  #expectSign(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#failed(), SILENT_MS);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #enter(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }
}

/** Whether figures come in, or are to come. */
export function isWatching(state: LiveState): boolean {
  return state !== "off" && state !== "ended" && state !== "signed-out";
}
