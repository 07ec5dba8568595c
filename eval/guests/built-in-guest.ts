import { configuration, forwardAuth, largeFilterModule } from "../../wasm/filter/testing/harness.ts";
import type { Decision } from "../../wasm/host/index.ts";
import { builtInMemory } from "./built-in-memory.ts";
import type { CacheGuest, CacheShape } from "./cache-guest.ts";
import { allowing, HostedFilter } from "./hosted-filter.ts";
import { RequestHead } from "./request-head.ts";

const UPSTREAM_HEADER = "x-user";
/** Maximum memory of the large build of the filter. */
const MAXIMUM_BYTES = 512 * 1024 * 1024;

/** Compiled once and shared, because V8 optimizes code that runs for long. */
let compiled: Promise<WebAssembly.Module> | undefined;

export function builtInConfiguration({ ttlMs }: CacheShape): string {
  return JSON.stringify(
    configuration({
      cache: { maxTtlMs: ttlMs, denyTtlMs: 0, staleIfErrorMs: 0, maxBytes: MAXIMUM_BYTES },
      protocol: forwardAuth({ upstreamHeaders: [UPSTREAM_HEADER] }),
    }),
  );
}

/** The built-in filter with the forward-auth protocol. Each decision adds one upstream header of `entryBytes`, or none if 0. */
export class BuiltInGuest implements CacheGuest {
  readonly #filter: HostedFilter;
  readonly #head = new RequestHead("token");
  readonly #fixedBytes: number;
  readonly #missed = (decision: Decision): boolean => {
    this.#filter.checkedToContinue(decision);
    return false;
  };

  /** Builds the filter if needed. */
  static async start(shape: CacheShape): Promise<BuiltInGuest> {
    compiled ??= largeFilterModule();
    return new BuiltInGuest(await compiled, shape);
  }

  private constructor(module: WebAssembly.Module, shape: CacheShape) {
    const { entryBytes } = shape;
    this.#fixedBytes = builtInMemory(entryBytes).fixedBytes;
    this.#filter = new HostedFilter({
      module,
      pluginConfiguration: builtInConfiguration(shape),
      reply: allowing(entryBytes === 0 ? [] : [[UPSTREAM_HEADER, "v".repeat(entryBytes)]]),
    });
  }

  get allocatedBytes(): number {
    return this.#filter.allocatedBytes;
  }

  /** As the filter reports it: after each miss and tick, and once a second at hits. */
  get liveBytes(): number {
    return this.#fixedBytes + this.#filter.metric("ebb_cache_live_bytes");
  }

  /** @throws Error if `handover` is true: this guest runs one instance at a time */
  restart(nowMs: number, handover: boolean): number {
    if (handover) throw new Error("this guest runs one instance at a time and cannot hand entries over; use its model");
    this.#filter.restart(nowMs);
    return this.allocatedBytes;
  }

  request(nowMs: number, key: number): boolean | Promise<boolean> {
    const decision = this.#filter.decide(nowMs, this.#head.of(key));
    if (decision instanceof Promise) return decision.then(this.#missed);
    this.#filter.checkedToContinue(decision);
    return true;
  }

  tick(nowMs: number): void {
    this.#filter.tick(nowMs);
  }
}
