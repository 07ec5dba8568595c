import { readFile } from "node:fs/promises";
import type { Decision } from "../../wasm/host/index.ts";
import type { CacheGuest } from "./cache-guest.ts";
import { GuestCalls } from "./guest-calls.ts";
import { allowing, denying, HostedFilter } from "./hosted-filter.ts";
import { RequestHead } from "./request-head.ts";

/** A filter may hold a request back until it has fetched something in a tick. This many ticks are enough for that. */
const MAX_TICKS = 10;

const ALLOWS = allowing();
const DENIES = denying();

/** A module given by its file, and how to start it. */
export interface ModuleSetup {
  readonly file: string;
  /** The plugin configuration. */
  readonly configuration: string;
  /** Selects one of the module's plugins; empty for most modules. */
  readonly rootId: string;
}

/**
 * Any Proxy-Wasm module. A request carries its key in its path and its bearer token. Every cluster exists and answers at once:
 * 200, or 403 to strangers. Any decision without an outbound call is a hit. A restart is always without handover.
 */
export class ModuleGuest implements CacheGuest {
  /** Unknown for an arbitrary module. */
  readonly liveBytes = Number.NaN;
  readonly #calls: GuestCalls;
  readonly #filter: HostedFilter;
  readonly #deniedFrom: number;
  readonly #head = new RequestHead("path-and-token");

  /**
   * @param calls records the calls into the module, for a watchdog in another thread
   * @param deniedFrom see Workload; undefined: no key is denied
   * @throws Error if the file cannot be read or is no module, or if the filter does not start
   */
  static async start(
    setup: ModuleSetup,
    calls = new GuestCalls(),
    deniedFrom = Number.POSITIVE_INFINITY,
  ): Promise<ModuleGuest> {
    return new ModuleGuest(new WebAssembly.Module(await readFile(setup.file)), setup, calls, deniedFrom);
  }

  private constructor(
    module: WebAssembly.Module,
    { configuration, rootId }: ModuleSetup,
    calls: GuestCalls,
    deniedFrom: number,
  ) {
    this.#calls = calls;
    this.#deniedFrom = deniedFrom;
    calls.begin("start");
    try {
      this.#filter = new HostedFilter({ module, pluginConfiguration: configuration, rootId, reply: ALLOWS });
    } catch (error) {
      const bytes = new TextEncoder().encode(configuration).length;
      const given = `--root-id is "${rootId}", --filter-configuration has ${bytes} bytes`;
      throw new Error(`${error instanceof Error ? error.message : error} (${given})`, { cause: error });
    } finally {
      calls.end();
    }
  }

  get allocatedBytes(): number {
    return this.#filter.allocatedBytes;
  }

  /** @throws Error if `handover` is true: an arbitrary module cannot hand entries over */
  restart(nowMs: number, handover: boolean): number {
    if (handover) throw new Error("a filter given by its file hands no entries over");
    this.#calls.begin("restart");
    this.#filter.restart(nowMs);
    this.#calls.end();
    return this.allocatedBytes;
  }

  request(nowMs: number, key: number): boolean | Promise<boolean> {
    const { calls } = this.#filter;
    this.#filter.reply = key >= this.#deniedFrom ? DENIES : ALLOWS;
    this.#calls.begin("request");
    const decision = this.#filter.decide(nowMs, this.#head.of(key));
    if (decision instanceof Promise) return this.#resumed(decision, nowMs).then((late) => this.#isHit(late, calls));
    return this.#isHit(decision, calls);
  }

  tick(nowMs: number): void {
    this.#calls.begin("tick");
    this.#filter.tick(nowMs);
    this.#calls.end();
  }

  #isHit(decision: Decision, callsBefore: number): boolean {
    this.#calls.end();
    this.#filter.checked(decision);
    return this.#filter.calls === callsBefore;
  }

  /**
   * Waits for a filter that holds a request back. Replies come at once, so after them only a tick can resume it.
   * @throws Error if the filter does not decide
   */
  async #resumed(decision: Promise<Decision>, nowMs: number): Promise<Decision> {
    let ticks = 0;
    let turn: NodeJS.Immediate | undefined;
    const never = new Promise<never>((_, reject) => {
      const stillHeld = (): void => {
        if (ticks === MAX_TICKS || !this.#filter.hasTicks) {
          const waited = ticks > 0 ? `still holds a request back after ${ticks} ticks` : "holds a request back";
          reject(new Error(`the filter ${waited} and waits for no call, so nothing will resume it`));
          return;
        }
        ticks += 1;
        this.#filter.tick(nowMs);
        turn = setImmediate(stillHeld);
      };
      turn = setImmediate(stillHeld);
    });
    try {
      return await Promise.race([decision, never]);
    } finally {
      clearImmediate(turn);
    }
  }
}
