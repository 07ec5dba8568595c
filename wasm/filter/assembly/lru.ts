import { Entry } from "./entry";

/** Order of last use, exact: a doubly linked list through the entries. */

let newest: usize = 0;
let oldest: usize = 0;

export function leastRecentlyUsed(): Entry | null {
  return changetype<Entry | null>(oldest);
}

export function addMostRecent(entry: Entry): void {
  entry.lruNewer = 0;
  entry.lruOlder = newest;
  if (newest) changetype<Entry>(newest).lruNewer = entry.address;
  else oldest = entry.address;
  newest = entry.address;
}

export function removeFromUse(entry: Entry): void {
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
