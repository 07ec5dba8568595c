import type { SharedMemory } from "./shared-memory.ts";
import { type SipKey, sipHash, sipKey } from "./siphash.ts";

/** Bounds of what one isolate keeps of a kind. */
export const KEPT_LIMITS = {
  entries: 16_384,
  bytes: 4 * 1024 * 1024,
} as const;

/** Of an entry without its value: digest, object, place in the map. */
const ENTRY_BYTES = 200;

export interface Kept<Value> {
  readonly service: string;
  readonly value: Value;
  /** Of the value. */
  readonly bytes: number;
  /** When what was asked was asked: the answer is no older. */
  readonly askedAtMs: number;
  readonly freshForMs: number;
}

/**
 * What this isolate has found out and need not find out again for a while. Each value is found by a keyed digest of everything
 * that it depends on. Lives are short, so when there is no room the oldest ones go.
 */
export class KeptValues<Value> {
  readonly #memory: SharedMemory;
  readonly #entries = new Map<string, Kept<Value>>();
  /** Of this isolate: a digest says nothing elsewhere. */
  #digestKey: SipKey | undefined;
  #bytes = 0;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The key of a text, which is not kept itself. */
  keyOf(text: string): string {
    // Randomness is not available in module scope.
    this.#digestKey ??= sipKey(crypto.getRandomValues(new Uint8Array(16)));
    return sipHash(text, this.#digestKey);
  }

  /** A fresh value. If the clock was set back, none is fresh. */
  find(key: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const ageMs = nowMs - entry.askedAtMs;
    if (ageMs >= 0 && ageMs < entry.freshForMs) return entry.value;
    this.#drop(key, entry);
    this.#memory.noteBytes(this.#bytes);
    return undefined;
  }

  keep(key: string, kept: Kept<Value>): void {
    if (this.#memory.isShort) {
      this.#entries.clear();
      this.#bytes = 0;
    } else {
      this.#add(key, { ...kept, bytes: ENTRY_BYTES + kept.bytes });
    }
    this.#memory.noteBytes(this.#bytes);
  }

  /** Drops all values of a service. */
  forget(service: string): void {
    for (const [key, entry] of this.#entries) if (entry.service === service) this.#drop(key, entry);
    this.#memory.noteBytes(this.#bytes);
  }

  #add(key: string, entry: Kept<Value>): void {
    if (entry.bytes > KEPT_LIMITS.bytes) return;
    const before = this.#entries.get(key);
    if (before !== undefined) this.#drop(key, before);
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    for (const [oldest, old] of this.#entries) {
      if (this.#entries.size <= KEPT_LIMITS.entries && this.#bytes <= KEPT_LIMITS.bytes) break;
      this.#drop(oldest, old);
    }
  }

  #drop(key: string, { bytes }: Kept<Value>): void {
    this.#entries.delete(key);
    this.#bytes -= bytes;
  }
}
