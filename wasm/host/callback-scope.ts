import type { Context } from "./contexts.ts";
import type { GuestMemory } from "./memory.ts";
import type { OutputLines } from "./output-lines.ts";

/** A function exported by the guest. Missing arguments are zero; the engine drops extra ones. */
export type GuestFunction = (a?: number, b?: number, c?: number, d?: number, e?: number) => unknown;

/**
 * Tracks whose callback is running. Each call into the guest has its own current context and starts without an effective
 * one. When it returns or traps, the previous contexts are restored and its view of memory is dropped.
 */
export class CallbackScope {
  readonly #memory: GuestMemory;
  readonly #output: OutputLines;
  #current: Context | undefined;
  #effective: Context | undefined;

  constructor(memory: GuestMemory, output: OutputLines) {
    this.#memory = memory;
    this.#output = output;
  }

  /** The context that host functions act on: the effective one if set, else the callback's. */
  get context(): Context | undefined {
    return this.#effective ?? this.#current;
  }

  /** True while a guest frame is on the stack. */
  get active(): boolean {
    return this.#current !== undefined;
  }

  /** Entering a running guest would corrupt its stack of contexts. It is a bug in the embedder. */
  assertOutsideGuest(method: string): void {
    if (this.active) throw new Error(`${method} was called from within HostServices`);
  }

  /** `proxy_set_effective_context`: lasts until the callback returns. */
  setEffective(context: Context): void {
    this.#effective = context;
  }

  /** Calls the guest and lets its exceptions through. */
  run(context: Context, callback: GuestFunction, a = 0, b = 0, c = 0, d = 0, e = 0): unknown {
    const outerCurrent = this.#current;
    const outerEffective = this.#effective;
    this.#current = context;
    this.#effective = undefined;
    try {
      return callback(a, b, c, d, e);
    } finally {
      // Before the restore, so that the lines count for this callback's context.
      this.#output.flush();
      this.#current = outerCurrent;
      this.#effective = outerEffective;
      this.#memory.endCall();
    }
  }
}
