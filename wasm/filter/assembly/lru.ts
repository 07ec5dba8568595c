import { Entry } from "./entry";

/**
 * Order of last use, exact: a doubly linked list through the entries.
 *
 * A handover follows it from the oldest to the newest. Whatever is written or used meanwhile moves to the newest end,
 * where the follower still has to come: so nothing written is missed, without a log, and the order of use moves along.
 */

let newest: usize = 0;
let oldest: usize = 0;

/** The entry the follower comes to next, 0 if it has come to the end. */
let ahead: usize = 0;
let follows: bool = false;
/** The entry that a walk from the newest to the oldest comes to next, 0 at its end. */
let below: usize = 0;

export function leastRecentlyUsed(): Entry | null {
  return changetype<Entry | null>(oldest);
}

export function addMostRecent(entry: Entry): void {
  entry.lruNewer = 0;
  entry.lruOlder = newest;
  if (newest) changetype<Entry>(newest).lruNewer = entry.address;
  else oldest = entry.address;
  newest = entry.address;
  if (follows && !ahead) ahead = entry.address;
}

export function removeFromUse(entry: Entry): void {
  if (entry.address == ahead) ahead = entry.lruNewer;
  if (entry.address == below) below = entry.lruOlder;
  if (entry.lruNewer) changetype<Entry>(entry.lruNewer).lruOlder = entry.lruOlder;
  else newest = entry.lruOlder;
  if (entry.lruOlder) changetype<Entry>(entry.lruOlder).lruNewer = entry.lruNewer;
  else oldest = entry.lruNewer;
}

export function markUsed(entry: Entry): void {
  if (newest == entry.address) return;
  removeFromUse(entry);
  addMostRecent(entry);
}

/** Starts the follower at `first`; 0 for what is still to come alone. */
export function follow(first: usize): void {
  ahead = first;
  follows = true;
}

export function followAll(): void {
  follow(oldest);
}

export function stopFollowing(): void {
  ahead = 0;
  follows = false;
}

/** The entry the follower stands at; null while it has nothing to come to. */
export function followed(): Entry | null {
  return changetype<Entry | null>(ahead);
}

export function followOn(): void {
  ahead = changetype<Entry>(ahead).lruNewer;
}

/** Starts a walk from the newest entry to the oldest. What is written or used meanwhile was passed already. */
export function beginWalk(): void {
  below = newest;
}

export function walked(): Entry | null {
  return changetype<Entry | null>(below);
}

export function walkOn(): void {
  below = changetype<Entry>(below).lruOlder;
}

export function endWalk(): void {
  below = 0;
}
