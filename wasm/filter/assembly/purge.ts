import { arenaMark, rewindArena } from "./arena";
import { base64Letter, base64Value } from "./base64";
import { dropAll, dropCredential } from "./cache";
import { putShortBase64 } from "./canonical-credential";
import { tagOf, tagOfBase64 } from "./credential-tag";
import { credentialTagOf } from "./decision-key";
import { notePurgeOfAll, notePurgeOfCredential } from "./handover-log";
import { MAX_PENDING } from "./limits";
import { pendingAt } from "./pending";
import { hasRelatedTags } from "./related-tags";
import { Span } from "./span";

/**
 * Purges: earlier decisions are neither kept nor used again. Pending calls were made before the purge too, so they are
 * repeated for their waiters when the reply arrives.
 */

/** Returns the number of purged entries. */
export function purgeAll(): u32 {
  notePurgeOfAll();
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    const pending = pendingAt(index);
    if (pending !== null) pending.isPurged = 1;
  }
  return dropAll();
}

const credential = changetype<Span>(memory.data(8));

/**
 * The same for one credential, in any spelling, without a scheme. The text may be a token, the base64 of a Basic
 * credential, or its decoded form, `user:password`.
 */
export function purgeCredential(start: usize, size: usize): u32 {
  credential.set(start, size);
  const purged = purgeTags(tagOf(credential), tagOfBase64(credential));
  return purged + purgeSpareBits();
}

const spelling = changetype<Span>(memory.data(8));

/** Purges the other spellings of a short base64 credential. */
function purgeSpareBits(): u32 {
  const mark = arenaMark();
  const spellings = putShortBase64(credential, spelling);
  let purged: u32 = 0;
  if (spellings > 1) {
    const last = spelling.end - 1;
    const value = <u32>base64Value(load<u8>(last));
    for (let spare: u32 = 0; spare < spellings; spare++) {
      store<u8>(last, base64Letter((value & ~(spellings - 1)) | spare));
      const tag = tagOf(spelling);
      purged += purgeTags(tag, tag);
    }
  }
  rewindArena(mark);
  return purged;
}

/** Purges by the tags of a credential's two readings, which may be equal. */
export function purgeTags(tag: u32, other: u32): u32 {
  notePurgeOfCredential(tag);
  if (other != tag) notePurgeOfCredential(other);
  for (let index: i32 = 0; index < MAX_PENDING; index++) {
    const pending = pendingAt(index);
    if (pending === null) continue;
    const own = credentialTagOf(pending.digestHigh);
    // Only the key of a pending call is known. With chosen headers, any call may depend on the credential.
    if (own == tag || own == other || hasRelatedTags()) pending.isPurged = 1;
  }
  return dropCredential(tag, other);
}
