import type { CacheShape } from "./cache-guest.ts";
import { ExpiryQueue, NO_KEY } from "./expiry-queue.ts";
import type { GuestModel } from "./guest-model.ts";
import { SLOT_START_BYTES, type SlotRule, slotAllocatedFor } from "./slot-memory.ts";
import { type SlotUse, slotUse } from "./slot-use.ts";

/** Model of a filter that keeps entries in slots. `rule` selects an allocator like those of common languages. */
export class SlotModel implements GuestModel {
  readonly #rule: SlotRule;
  readonly #slides: boolean;
  readonly #entries: ExpiryQueue;
  readonly #slots: SlotUse;
  #allocatedBytes: number;

  constructor(rule: SlotRule, shape: CacheShape, keyCount: number) {
    this.#rule = rule;
    this.#slides = rule === "sliding-ttl";
    this.#entries = new ExpiryQueue(shape.ttlMs, keyCount);
    this.#slots = slotUse(rule, shape, keyCount);
    this.#allocatedBytes = slotAllocatedFor(rule, 0);
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  get liveBytes(): number {
    return SLOT_START_BYTES + this.#slots.liveBytes;
  }

  restart(nowMs: number, handover: boolean): number {
    this.tick(nowMs);
    this.#slots.clear();
    if (handover) for (const key of this.#entries.keys()) this.#slots.write(key);
    else this.#entries.clear();
    this.#allocatedBytes = slotAllocatedFor(this.#rule, this.#slots.takenBytes);
    return this.#allocatedBytes;
  }

  request(nowMs: number, key: number): boolean {
    const now = Math.floor(nowMs);
    this.tick(now);
    if (this.#entries.has(key)) {
      if (this.#slides) this.#entries.renew(now, key);
      return true;
    }
    this.#entries.add(now, key);
    this.#slots.write(key);
    if (SLOT_START_BYTES + this.#slots.takenBytes > this.#allocatedBytes) {
      this.#allocatedBytes = slotAllocatedFor(this.#rule, this.#slots.takenBytes);
    }
    return false;
  }

  tick(nowMs: number): void {
    const now = Math.floor(nowMs);
    for (let key = this.#entries.takeExpired(now); key !== NO_KEY; key = this.#entries.takeExpired(now)) {
      this.#slots.expire(key);
    }
  }
}
