import { arenaMark, rewindArena } from "./arena";
import { putCanonical, putCanonicalOfBase64 } from "./canonical-credential";
import { configuration } from "./configuration";
import { OF_CREDENTIAL } from "./digest-domains";
import { absorbField, absorbNumber, beginDigest, digestHigh, finishDigest } from "./siphash";
import { Span } from "./span";

/**
 * A credential's tag: 32 bits of a keyed digest of its canonical form. A purge uses it to find a credential's decisions.
 * Two credentials with the same tag (1 in 2^32) are purged together.
 */

const form = changetype<Span>(memory.data(8));

export function tagOf(credential: Span): u32 {
  const mark = arenaMark();
  putCanonical(credential, form);
  return finishTag(mark);
}

/** For a Basic credential, whose base64 has many spellings: the tag of the user and password in it. */
export function tagOfBase64(credential: Span): u32 {
  const mark = arenaMark();
  putCanonicalOfBase64(credential, form);
  return finishTag(mark);
}

function finishTag(mark: usize): u32 {
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbNumber(OF_CREDENTIAL);
  absorbField(form.start, form.size);
  finishDigest();
  rewindArena(mark);
  return <u32>digestHigh();
}
