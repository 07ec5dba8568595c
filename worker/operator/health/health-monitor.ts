import type { Gateway } from "../../../config/index.ts";
import type { DirectoryReading } from "../../../durable/directory/directory-rpc.ts";
import { sleep } from "../../../durable/runtime/async.ts";
import { rateLimitedLog } from "../../rate-limited-log.ts";
import { type Health, healthOf } from "./health.ts";

/** Anyone may ask for the health, as often as they like. */
export const HEALTH_LIMITS = {
  /** A result is used for this long, so an isolate reads the directory no more often, however many ask. */
  cacheMs: 5_000,
  /** Longest time for one reading; a directory that is slower counts as unreadable. */
  readMs: 2_000,
  /** Pause before the second try: a reset or a lost connection is no alarm. */
  retryMs: 200,
  /** While the directory cannot be read, the last result is used for this long. */
  graceMs: 60_000,
  /** How often a request looks whether another one's reading has ended. */
  lookMs: 100,
} as const;

/** How one request reads what the health depends on; requests cannot share it. */
export interface HealthSource {
  /** What the environment lacks. */
  problems(): readonly string[];
  /** What the directory knows of all services. */
  read(): Promise<DirectoryReading>;
}

/** What an isolate knows of the gateway's health. */
export class HealthMonitor {
  readonly #gateway: Pick<Gateway, "services">;
  readonly #nowMs: () => number;
  #last: { readonly health: Health; readonly atMs: number } | undefined;
  /** The last one that was read without an error. */
  #lastRead: { readonly health: Health; readonly atMs: number } | undefined;
  /** When the reading in progress began. A request cannot wait for another's promise, only look at what it leaves here. */
  #readingSinceMs: number | undefined;

  constructor(gateway: Pick<Gateway, "services">, nowMs: () => number) {
    this.#gateway = gateway;
    this.#nowMs = nowMs;
  }

  async health(source: HealthSource): Promise<Health> {
    for (;;) {
      const known = this.#known();
      if (known !== undefined) return known;
      if (!this.#isReading()) return this.#update(source);
      await sleep(HEALTH_LIMITS.lookMs);
    }
  }

  /** The last result, if it is new; while another request reads, an older one will do. */
  #known(): Health | undefined {
    if (this.#last === undefined) return undefined;
    const lengthMs = this.#isReading() ? HEALTH_LIMITS.graceMs : HEALTH_LIMITS.cacheMs;
    return isWithin(this.#last.atMs, lengthMs, this.#nowMs()) ? this.#last.health : undefined;
  }

  /** A request that was cancelled never ends its reading, so after this time another one begins. */
  #isReading(): boolean {
    const longestMs = 2 * HEALTH_LIMITS.readMs + HEALTH_LIMITS.retryMs;
    return this.#readingSinceMs !== undefined && isWithin(this.#readingSinceMs, longestMs, this.#nowMs());
  }

  async #update(source: HealthSource): Promise<Health> {
    this.#readingSinceMs = this.#nowMs();
    const problems = source.problems();
    // Without its bindings and variables the gateway is not well whatever the directory says, and perhaps there is none.
    const health = problems.length > 0 ? healthOf(this.#gateway, problems, [], 0) : await this.#readTwice(source);
    this.#last = { health, atMs: this.#nowMs() };
    this.#readingSinceMs = undefined;
    return health;
  }

  async #readTwice(source: HealthSource): Promise<Health> {
    const first = await this.#readOnce(source);
    if (first !== undefined) return first;
    await sleep(HEALTH_LIMITS.retryMs);
    const second = await this.#readOnce(source);
    if (second !== undefined) return second;
    if (this.#lastRead !== undefined && isWithin(this.#lastRead.atMs, HEALTH_LIMITS.graceMs, this.#nowMs())) {
      return this.#lastRead.health;
    }
    const problem = "the directory of the services' figures cannot be read; the log says why";
    return { status: "failing", problems: [problem], services: {} };
  }

  async #readOnce(source: HealthSource): Promise<Health | undefined> {
    const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), HEALTH_LIMITS.readMs);
    try {
      const reading = await Promise.race([source.read(), timeout]);
      if (reading === undefined) throw new Error(`no answer within ${HEALTH_LIMITS.readMs} ms`);
      const nowMs = this.#nowMs();
      const health = healthOf(this.#gateway, [], reading.entries, nowMs);
      this.#lastRead = { health, atMs: nowMs };
      return health;
    } catch (error) {
      rateLimitedLog.error(`health: the directory could not be read: ${String(error)}`);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Not if the clock was set back. */
function isWithin(sinceMs: number, lengthMs: number, nowMs: number): boolean {
  return nowMs >= sinceMs && nowMs - sinceMs < lengthMs;
}
