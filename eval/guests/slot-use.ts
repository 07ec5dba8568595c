import type { CacheShape } from "./cache-guest.ts";
import { noiseOf } from "./key-noise.ts";
import { type SlotRule, slotBytesFor, slotClassFor } from "./slot-memory.ts";

/** Counts the slots of a slot filter (slot-memory.ts). */
export interface SlotUse {
  /** Bytes of the slots of unexpired entries. */
  readonly liveBytes: number;
  /** Bytes of all slots, including free and leaked ones. Only `clear` reduces it. */
  readonly takenBytes: number;
  /** The key's entry is written. */
  write(key: number): void;
  /** The key's entry expires. */
  expire(key: number): void;
  /** A fresh instance starts. */
  clear(): void;
}

export function slotUse(rule: SlotRule, shape: CacheShape, keyCount: number): SlotUse {
  const slotBytes = slotBytesFor(shape.entryBytes);
  switch (rule) {
    case "lazy-expiry":
      return new SlotForEachKey(slotBytes, keyCount);
    case "leak":
      return new SlotForEachWrite(slotBytes);
    case "size-classes":
      return new SlotsByClass(shape.entryBytes, keyCount);
    default:
      return new ReusedSlots(slotBytes);
  }
}

/** Slots of one size. An expired entry leaves its slot to a later one. */
class ReusedSlots implements SlotUse {
  liveBytes = 0;
  takenBytes = 0;
  protected readonly slotBytes: number;

  constructor(slotBytes: number) {
    this.slotBytes = slotBytes;
  }

  write(_key: number): void {
    this.liveBytes += this.slotBytes;
    if (this.liveBytes > this.takenBytes) this.takenBytes = this.liveBytes;
  }

  expire(_key: number): void {
    this.liveBytes -= this.slotBytes;
  }

  clear(): void {
    this.liveBytes = this.takenBytes = 0;
  }
}

/** Each key keeps its slot forever. */
class SlotForEachKey extends ReusedSlots {
  readonly #hasSlot: Uint8Array;

  constructor(slotBytes: number, keyCount: number) {
    super(slotBytes);
    this.#hasSlot = new Uint8Array(keyCount);
  }

  override write(key: number): void {
    this.liveBytes += this.slotBytes;
    if (this.#hasSlot[key] === 1) return;
    this.#hasSlot[key] = 1;
    this.takenBytes += this.slotBytes;
  }

  override clear(): void {
    super.clear();
    this.#hasSlot.fill(0);
  }
}

/** No slot is ever reused. */
class SlotForEachWrite extends ReusedSlots {
  override write(): void {
    this.liveBytes += this.slotBytes;
    this.takenBytes += this.slotBytes;
  }
}

/** Entries of a quarter to twice `entryBytes`, in slots of powers of two. A slot is reused only for its own class. */
class SlotsByClass implements SlotUse {
  liveBytes = 0;
  takenBytes = 0;
  /** By key: exponent of its slot size. */
  readonly #classes: Uint8Array;
  readonly #live = new Uint32Array(32);
  readonly #taken = new Uint32Array(32);

  constructor(entryBytes: number, keyCount: number) {
    const least = Math.floor(entryBytes / 4);
    const sizes = 2 * entryBytes - least + 1;
    this.#classes = new Uint8Array(keyCount);
    for (let key = 0; key < keyCount; key++) {
      this.#classes[key] = slotClassFor(least + (noiseOf(`/${key}`) % sizes));
    }
  }

  write(key: number): void {
    const slotClass = this.#classes[key]!;
    const live = this.#live[slotClass]! + 1;
    this.#live[slotClass] = live;
    this.liveBytes += 1 << slotClass;
    if (live <= this.#taken[slotClass]!) return;
    this.#taken[slotClass] = live;
    this.takenBytes += 1 << slotClass;
  }

  expire(key: number): void {
    const slotClass = this.#classes[key]!;
    this.#live[slotClass]! -= 1;
    this.liveBytes -= 1 << slotClass;
  }

  clear(): void {
    this.liveBytes = this.takenBytes = 0;
    this.#live.fill(0);
    this.#taken.fill(0);
  }
}
