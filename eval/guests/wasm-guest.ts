import { readFile } from "node:fs/promises";
import type { Decision } from "../../wasm/host/index.ts";
import { buildGuests, guestsFile } from "./build-guests.ts";
import type { CacheGuest, CacheShape } from "./cache-guest.ts";
import { allowing, HostedFilter } from "./hosted-filter.ts";
import { type GuestModel, guestModel } from "./model.ts";
import type { OwnRule } from "./own-memory.ts";
import { RequestHead } from "./request-head.ts";

/** Compiled once: code that has run for long is faster. */
let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  await buildGuests();
  return new WebAssembly.Module(await readFile(guestsFile));
}

/** Our own filter (`assembly/`), whose memory grows by the rule it is configured with. */
export class WasmGuest implements CacheGuest {
  readonly #filter: HostedFilter;
  readonly #head = new RequestHead("path");
  /** Tells what is still good of what the module holds: under rules that free late or never it does not know itself. */
  readonly #model: GuestModel;

  /**
   * Builds the module first, if that was not done yet.
   * @param keyCount keys are smaller than this
   * @throws Error that lists the known rules, if the module does not know this one
   */
  static async start(rule: OwnRule, shape: CacheShape, keyCount: number): Promise<WasmGuest> {
    compiled ??= compile();
    return new WasmGuest(await compiled, rule, shape, keyCount);
  }

  private constructor(module: WebAssembly.Module, rule: OwnRule, shape: CacheShape, keyCount: number) {
    const { ttlMs, entryBytes } = shape;
    this.#filter = new HostedFilter({
      module,
      pluginConfiguration: `${rule} ${ttlMs} ${entryBytes}`,
      reply: allowing(),
    });
    this.#model = guestModel(rule, shape, keyCount);
  }

  get allocatedBytes(): number {
    return this.#filter.allocatedBytes;
  }

  get liveBytes(): number {
    return this.#model.liveBytes;
  }

  /** @throws Error where entries are to be handed over: the module cannot do that */
  restart(nowMs: number, handover: boolean): number {
    if (handover) throw new Error("the evaluation's own filters hand no entries over; use their models");
    this.#model.restart(nowMs, false);
    this.#filter.restart(nowMs);
    return this.allocatedBytes;
  }

  request(nowMs: number, key: number): boolean | Promise<boolean> {
    const decision = this.#filter.decide(nowMs, this.#head.of(key));
    if (decision instanceof Promise) return this.#missed(decision, nowMs, key);
    this.#filter.checkedToContinue(decision);
    this.#model.request(nowMs, key);
    return true;
  }

  tick(nowMs: number): void {
    this.#filter.tick(nowMs);
    this.#model.tick(nowMs);
  }

  async #missed(decision: Promise<Decision>, nowMs: number, key: number): Promise<boolean> {
    this.#filter.checkedToContinue(await decision);
    this.#model.request(nowMs, key);
    return false;
  }
}
