import { readFile } from "node:fs/promises";
import type { Decision } from "../../wasm/host/index.ts";
import type { CacheGuest } from "./cache-guest.ts";
import { allowing, HostedFilter } from "./hosted-filter.ts";
import { RequestHead } from "./request-head.ts";

/** All calls are answered at once, so nothing will resume a request that has waited this long. */
const DEADLINE_MS = 2_000;

/**
 * Any Proxy-Wasm module. A request carries its key in its path and its bearer token. Every cluster exists and answers 200 at
 * once. Any decision without an outbound call is a hit.
 */
export class ModuleGuest implements CacheGuest {
  /** Unknown for an arbitrary module. */
  readonly liveBytes = Number.NaN;
  readonly #filter: HostedFilter;
  readonly #head = new RequestHead("path-and-token");

  /** @throws Error if the file cannot be read or is no module, or if the filter does not start */
  static async start(file: string, pluginConfiguration: string): Promise<ModuleGuest> {
    return new ModuleGuest(new WebAssembly.Module(await readFile(file)), pluginConfiguration);
  }

  private constructor(module: WebAssembly.Module, pluginConfiguration: string) {
    this.#filter = new HostedFilter({ module, pluginConfiguration, reply: allowing() });
  }

  get allocatedBytes(): number {
    return this.#filter.allocatedBytes;
  }

  /** @throws Error if `handover` is true: an arbitrary module cannot hand entries over */
  restart(nowMs: number, handover: boolean): number {
    if (handover) throw new Error("a filter given by its file hands no entries over");
    this.#filter.restart(nowMs);
    return this.allocatedBytes;
  }

  request(nowMs: number, key: number): boolean | Promise<boolean> {
    const { calls } = this.#filter;
    const isHit = (decision: Decision): boolean => {
      this.#filter.checked(decision);
      return this.#filter.calls === calls;
    };
    const decision = this.#filter.decide(nowMs, this.#head.of(key));
    return decision instanceof Promise ? inTime(decision).then(isHit) : isHit(decision);
  }

  tick(nowMs: number): void {
    this.#filter.tick(nowMs);
  }
}

/** @throws Error if the filter does not decide in time */
async function inTime(decision: Promise<Decision>): Promise<Decision> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("the filter holds a request back and waits for no call, so nothing will resume it"));
    }, DEADLINE_MS);
  });
  try {
    return await Promise.race([decision, late]);
  } finally {
    clearTimeout(timer);
  }
}
