import type { UnservedCall } from "../../wasm/host/index.ts";
import { eventLine } from "./events.ts";
import { LineLimit } from "./line-limit.ts";

/** A filter may ask for what it cannot have with every request. */
const LIMIT = { lines: 1, intervalMs: 1_000 } as const;
const NAME_LENGTH = 100;

/** Logs what a filter asked for in vain, one line a second of each kind, and knows the last. */
export class UnservedLog {
  readonly #service: string;
  readonly #nowMs: () => number;
  readonly #write: (line: string) => void;
  readonly #limits = {
    cluster: new LineLimit(LIMIT),
    function: new LineLimit(LIMIT),
    foreign_function: new LineLimit(LIMIT),
  } satisfies Record<UnservedCall["what"], LineLimit>;

  #last: (UnservedCall & { readonly atMs: number }) | null = null;

  constructor(service: string, nowMs: () => number, write: (line: string) => void = (line) => console.warn(line)) {
    this.#service = service;
    this.#nowMs = nowMs;
    this.#write = write;
  }

  /** Null if there was none. */
  get last(): (UnservedCall & { readonly atMs: number }) | null {
    return this.#last;
  }

  note({ what, name }: UnservedCall): void {
    const nowMs = this.#nowMs();
    const call = { what, name: name.slice(0, NAME_LENGTH) };
    this.#last = { ...call, atMs: Math.round(nowMs) };
    const leftOut = this.#limits[what].take(nowMs);
    if (leftOut === undefined) return;
    this.#write(eventLine("unserved_call", { service: this.#service, ...call }, null, leftOut));
  }
}
