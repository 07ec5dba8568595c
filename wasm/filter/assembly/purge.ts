import { dropAll, dropCredential } from "./cache";
import { credentialTagOf } from "./decision-key";
import { notePurgeOfAll, notePurgeOfCredential } from "./handover-log";
import { MAX_PENDING } from "./limits";
import { pendingAt } from "./pending";

/**
 * Purges: what was decided before is neither kept nor given to anybody. Calls under way were asked before too, so whoever
 * waits for one is asked about anew when its reply comes.
 */

/** Returns how many entries are gone. */
export function purgeAll(): u32 {
  notePurgeOfAll();
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    const pending = pendingAt(index);
    if (pending !== null) pending.isPurged = 1;
  }
  return dropAll();
}

/** The same for one credential, by its tag. */
export function purgeCredential(tag: u32): u32 {
  notePurgeOfCredential(tag);
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    const pending = pendingAt(index);
    if (pending !== null && credentialTagOf(pending.digestHigh) == tag) pending.isPurged = 1;
  }
  return dropCredential(tag);
}
