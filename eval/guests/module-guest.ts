import { readFile } from "node:fs/promises";
import type { Decision } from "../../wasm/host/index.ts";
import type { CacheGuest } from "./cache-guest.ts";
import { allowing, HostedFilter } from "./hosted-filter.ts";
import { RequestHead } from "./request-head.ts";

/** All calls are answered at once, so that a request which has waited for so long waits for nothing that will come. */
const PATIENCE_MS = 2_000;

/**
 * Any Proxy-Wasm module. The key of a request is its path and its bearer token; whatever cluster the module asks exists
 * and answers 200 at once. A hit is a decision, of whatever kind, for which nobody was asked.
 */
export class ModuleGuest implements CacheGuest {
  /** Nobody outside knows. */
  readonly liveBytes = Number.NaN;
  readonly #filter: HostedFilter;
  readonly #head = new RequestHead("path-and-token");

  /** @throws Error if the file is no module, or the module refuses the configuration */
  static async start(file: string, pluginConfiguration: string): Promise<ModuleGuest> {
    return new ModuleGuest(new WebAssembly.Module(await readFile(file)), pluginConfiguration);
  }

  private constructor(module: WebAssembly.Module, pluginConfiguration: string) {
    this.#filter = new HostedFilter({ module, pluginConfiguration, reply: allowing() });
  }

  get allocatedBytes(): number {
    return this.#filter.allocatedBytes;
  }

  /** @throws Error where entries are to be handed over: a module of which nothing is known cannot do that */
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

/** @throws Error for a request that nothing resumes */
async function inTime(decision: Promise<Decision>): Promise<Decision> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("the filter holds a request back and waits for no call, so that nothing lets it go on"));
    }, PATIENCE_MS);
  });
  try {
    return await Promise.race([decision, late]);
  } finally {
    clearTimeout(timer);
  }
}
