import type { HeaderChange } from "../../wasm/host/index.ts";
import { type SipKey, sipHash, sipKey } from "./siphash.ts";

/** Bounds of what one isolate keeps. */
export const EDGE_LIMITS = {
  entries: 16_384,
  bytes: 4 * 1024 * 1024,
} as const;

/** Of an entry without its changes: digest, object, place in the map. */
const ENTRY_BYTES = 200;
const CHANGE_BYTES = 100;

interface Entry {
  readonly service: string;
  readonly changes: readonly HeaderChange[];
  readonly askedAtMs: number;
  readonly freshForMs: number;
  readonly bytes: number;
}

/** The memory that all objects and the Worker share, as far as these decisions need it. */
export interface SharedMemory {
  /** Memory is short: what can be asked for again should not take any. */
  readonly isShort: boolean;
  /** Call after each change of the size. */
  noteBytes(bytes: number): void;
}

/**
 * Allows that this isolate need not ask the object for. Each is found by a digest of the whole question, so whatever the object
 * could decide on is part of the key. Lives are short, so when there is no room the oldest ones go.
 */
export class EdgeDecisions {
  readonly #memory: SharedMemory;
  readonly #entries = new Map<string, Entry>();
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

  /** The key of a question (rpc-text.ts). */
  keyOf(question: string): string {
    // Randomness is not available in module scope.
    this.#digestKey ??= sipKey(crypto.getRandomValues(new Uint8Array(16)));
    return sipHash(question, this.#digestKey);
  }

  /** The changes of a fresh allow. If the clock was set back, none is fresh. */
  find(key: string, nowMs: number): readonly HeaderChange[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const ageMs = nowMs - entry.askedAtMs;
    if (ageMs >= 0 && ageMs < entry.freshForMs) return entry.changes;
    this.#drop(key, entry);
    this.#memory.noteBytes(this.#bytes);
    return undefined;
  }

  /** @param askedAtMs when the question was sent: its answer is no older */
  keep(key: string, service: string, changes: readonly HeaderChange[], freshForMs: number, askedAtMs: number): void {
    if (this.#memory.isShort) {
      this.#entries.clear();
      this.#bytes = 0;
    } else {
      this.#add(key, { service, changes, askedAtMs, freshForMs, bytes: bytesOf(changes) });
    }
    this.#memory.noteBytes(this.#bytes);
  }

  /** Drops all decisions of a service. */
  forget(service: string): void {
    for (const [key, entry] of this.#entries) if (entry.service === service) this.#drop(key, entry);
    this.#memory.noteBytes(this.#bytes);
  }

  #add(key: string, entry: Entry): void {
    if (entry.bytes > EDGE_LIMITS.bytes) return;
    const before = this.#entries.get(key);
    if (before !== undefined) this.#drop(key, before);
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    for (const [oldest, old] of this.#entries) {
      if (this.#entries.size <= EDGE_LIMITS.entries && this.#bytes <= EDGE_LIMITS.bytes) break;
      this.#drop(oldest, old);
    }
  }

  #drop(key: string, { bytes }: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= bytes;
  }
}

function bytesOf(changes: readonly HeaderChange[]): number {
  let bytes = ENTRY_BYTES;
  for (const { name, values } of changes) {
    bytes += CHANGE_BYTES + 2 * name.length;
    for (const value of values) bytes += CHANGE_BYTES + 2 * value.length;
  }
  return bytes;
}
