import { Entry } from "./entry";

/**
 * Hierarchical timing wheel (Varghese and Lauck, 1987): four levels of 64 slots. A slot of the first level is 128 ms, a
 * slot of each next level 64 times as long; the levels span 8 s, 9 min, 9 h, 24 days. Inserting and unlinking are O(1); an
 * entry moves down at most three times in its life. Advancing has a budget, so no request pays for the expiry of many.
 *
 * A bitmap per level marks slots that may hold entries. Unlinking an entry leaves its bit set: the next visit finds an
 * empty slot and clears it.
 */

const LEVELS: u32 = 4;
const SLOT_BITS: u32 = 6;
const SLOTS: u32 = 64;
const TICK_BITS: u64 = 7;

const HEADS: usize = memory.data(4 * 64 * 4);
const OCCUPIED: usize = memory.data(8 * 4, 8);

/** The next tick to process; everything due before it is gone. */
let current: u64 = 0;

function headAt(level: u32, slot: u32): usize {
  return HEADS + ((<usize>((level << SLOT_BITS) | slot)) << 2);
}

function occupied(level: u32): u64 {
  return load<u64>(OCCUPIED + ((<usize>level) << 3));
}

function setOccupied(level: u32, bits: u64): void {
  store<u64>(OCCUPIED + ((<usize>level) << 3), bits);
}

/** Schedules the entry for its `dropAtMs`, rounded up to a tick. */
export function schedule(entry: Entry): void {
  let due = (entry.dropAtMs + (((<u64>1) << TICK_BITS) - 1)) >> TICK_BITS;
  if (due < current) due = current;
  const ahead = due - current;
  let level: u32 = 0;
  while (level < LEVELS - 1 && ahead >> (SLOT_BITS * (level + 1))) level++;
  // Beyond the wheel's range it comes up early and is scheduled again.
  const reach = ((<u64>1) << (SLOT_BITS * LEVELS)) - 1;
  if (ahead > reach) due = current + reach;
  const slot = <u32>(due >> (SLOT_BITS * level)) & (SLOTS - 1);
  const head = headAt(level, slot);
  const next = load<usize>(head);
  entry.wheelNext = next;
  entry.wheelLink = head;
  if (next) changetype<Entry>(next).wheelLink = entry.address + offsetof<Entry>("wheelNext");
  store<usize>(head, entry.address);
  setOccupied(level, occupied(level) | ((<u64>1) << slot));
}

export function unschedule(entry: Entry): void {
  store<usize>(entry.wheelLink, entry.wheelNext);
  if (entry.wheelNext) changetype<Entry>(entry.wheelNext).wheelLink = entry.wheelLink;
}

/** Remaining work units of the last `beginAdvance`. */
let budget: i32 = 0;

export function beginAdvance(units: i32): void {
  budget = units;
}

/**
 * The next entry due at or before `nowMs`, still scheduled; null if there is none or the budget is spent.
 * The caller must unschedule it before it requests the next.
 */
export function nextDue(nowMs: u64): Entry | null {
  const now = nowMs >> TICK_BITS;
  while (current <= now && budget > 0) {
    budget--;
    if ((current & (SLOTS - 1)) == 0 && !cascadeAll()) return null;
    const slot = <u32>current & (SLOTS - 1);
    const due = load<usize>(headAt(0, slot));
    if (due) return changetype<Entry>(due);
    setOccupied(0, occupied(0) & ~((<u64>1) << slot));
    current = nextTick(now);
  }
  return null;
}

/** The next tick after the current one at which anything can happen, at most one past `now`. */
function nextTick(now: u64): u64 {
  const next = current + 1;
  let target = now + 1;
  if (next & (SLOTS - 1)) {
    const rest = occupied(0) >> (next & (SLOTS - 1));
    target = rest ? next + ctz(rest) : (next | (SLOTS - 1)) + 1;
    // Nothing on the first level before the boundary, and maybe nothing at all after it.
    if (!rest) target = emptyBoundary(target, now);
  } else {
    target = emptyBoundary(next, now);
  }
  return target < now + 1 ? target : now + 1;
}

/** Skips from one boundary of the first level to a later one if every level is empty. */
function emptyBoundary(boundary: u64, now: u64): u64 {
  for (let level: u32 = 0; level < LEVELS; level++) {
    if (occupied(level)) return boundary;
  }
  return now + 1;
}

/** At a boundary, moves entries due soon down from the upper levels. False if the budget runs out first. */
function cascadeAll(): bool {
  for (let level = LEVELS - 1; level > 0; level--) {
    const below = ((<u64>1) << (SLOT_BITS * level)) - 1;
    if (current & below) continue;
    const slot = <u32>(current >> (SLOT_BITS * level)) & (SLOTS - 1);
    const head = headAt(level, slot);
    while (load<usize>(head)) {
      if (budget-- <= 0) return false;
      const entry = changetype<Entry>(load<usize>(head));
      unschedule(entry);
      schedule(entry);
    }
    setOccupied(level, occupied(level) & ~((<u64>1) << slot));
  }
  return true;
}
