import type { Context } from "./contexts.ts";
import type { GuestMemory } from "./memory.ts";
import type { OutputLines } from "./output-lines.ts";

/** A function exported by the guest. Missing arguments are zero, extra ones are dropped by the engine. */
export type GuestFunction = (a?: number, b?: number, c?: number, d?: number, e?: number) => unknown;

/**
 * Whose callback is running. Each call into the guest has its own current context and begins without an effective one;
 * when it returns or traps, what was before is restored, and the view of memory that served it is dropped.
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

  /** The context host functions act on: the effective one if set, else the one of the callback. */
  get context(): Context | undefined {
    return this.#effective ?? this.#current;
  }

  /** True while a guest's frame is on the stack. */
  get active(): boolean {
    return this.#current !== undefined;
  }

  /** Entering a guest that is already running would corrupt its stack of contexts; it is the embedder's mistake. */
  assertOutsideGuest(method: string): void {
    if (this.active) throw new Error(`${method} was called from within HostServices`);
  }

  /** `proxy_set_effective_context`: lasts until the callback returns. */
  setEffective(context: Context): void {
    this.#effective = context;
  }

  /** Calls the guest. What the guest throws passes through. */
  run(context: Context, callback: GuestFunction, a = 0, b = 0, c = 0, d = 0, e = 0): unknown {
    const outerCurrent = this.#current;
    const outerEffective = this.#effective;
    this.#current = context;
    this.#effective = undefined;
    try {
      return callback(a, b, c, d, e);
    } finally {
      // On the account of this callback's context.
      this.#output.flush();
      this.#current = outerCurrent;
      this.#effective = outerEffective;
      this.#memory.endCall();
    }
  }
}
