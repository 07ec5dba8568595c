import type { WriteStream } from "node:tty";
import { type GatewayReading, progressSince, readGatewayStats } from "./gateway-stats.ts";
import { progressLine, type RunView } from "./report.ts";
import type { Tally } from "./tally.ts";

const STATS_TIMEOUT_MS = 5_000;
const TERMINAL_INTERVAL_MS = 1_000;
const LOG_INTERVAL_MS = 5_000;

/** Shows the progress of the run with /stats: in place on a terminal, else a line every few seconds. */
export class Progress {
  readonly #output: WriteStream;
  readonly #origin: string;
  readonly #totalMs: number;
  readonly #tally: Tally;
  readonly #startReading: GatewayReading | undefined;
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #previous: { atMs: number; finished: number };
  #printing: Promise<void> | undefined;

  static async start(output: WriteStream, origin: string, totalMs: number, tally: Tally): Promise<Progress> {
    return new Progress(output, origin, totalMs, tally, await gatewayReading(origin));
  }

  private constructor(
    output: WriteStream,
    origin: string,
    totalMs: number,
    tally: Tally,
    startReading: GatewayReading | undefined,
  ) {
    this.#output = output;
    this.#origin = origin;
    this.#totalMs = totalMs;
    this.#tally = tally;
    this.#startReading = startReading;
    this.#previous = { atMs: this.#startMs, finished: 0 };
    this.#timer = setInterval(
      () => {
        // Under load /stats may take longer than the interval; lines must stay in order.
        this.#printing ??= this.#print().finally(() => {
          this.#printing = undefined;
        });
      },
      output.isTTY ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS,
    );
  }

  /** Stops showing progress, and returns the final state of the run. */
  async end(): Promise<RunView> {
    clearInterval(this.#timer);
    await this.#printing;
    if (this.#output.isTTY) this.#output.write("\n");
    return this.#view();
  }

  async #print(): Promise<void> {
    const line = progressLine(await this.#view());
    this.#output.write(this.#output.isTTY ? `\r\x1b[2K${line.slice(0, this.#output.columns - 1)}` : `${line}\n`);
  }

  async #view(): Promise<RunView> {
    const reading = await gatewayReading(this.#origin);
    const nowMs = performance.now();
    const { finished } = this.#tally;
    const ratePerSecond = ((finished - this.#previous.finished) * 1000) / Math.max(1, nowMs - this.#previous.atMs);
    this.#previous = { atMs: nowMs, finished };
    return {
      elapsedMs: nowMs - this.#startMs,
      totalMs: this.#totalMs,
      ratePerSecond,
      tally: this.#tally,
      gateway: reading && this.#startReading && progressSince(this.#startReading, reading),
    };
  }
}

/** The current /stats; undefined if they cannot be read, which must not end a run. */
async function gatewayReading(origin: string): Promise<GatewayReading | undefined> {
  const token = process.env.OPERATOR_TOKEN;
  try {
    const response = await fetch(`${origin}/stats?wake=1`, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
      signal: AbortSignal.timeout(STATS_TIMEOUT_MS),
    });
    return readGatewayStats(await response.json());
  } catch {
    return undefined;
  }
}
