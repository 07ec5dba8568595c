import { NamedHeader, Rule, URI_NONE, configuration, sendsRequest } from "./configuration";
import { credentialScheme, credentialSource, token } from "./credentials";
import { requestAuthority, requestMethod, requestScheme, sentUri } from "./request";
import {
  absorbField, absorbLong, absorbNumber, beginDigest, digestHigh, digestLow, finishDigest,
} from "./siphash";
import { Span } from "./span";
import { isCleanHeaderText } from "./utf8";

/**
 * The key of a decision: a keyed digest over everything the decision may depend on, each part with its length before
 * it. What is sent to the authorization server and what is in the key must be the same set: a field added to a protocol
 * belongs here too.
 */

/**
 * What a digest under the service's key is of, in place of a first field's length: no length is as large.
 * A decision's key begins with the length of the service's name.
 */
export const OF_CREDENTIAL: u32 = 0xffffffff;
export const OF_CONFIGURATION: u32 = 0xfffffffe;
export const OF_CHUNK: u32 = 0xfffffffd;

let keyLow: u64 = 0;
let keyHigh: u64 = 0;

/** The key of the request last digested, 128 bits. The upper 32 are its credential's tag. */
export function decisionKeyLow(): u64 {
  return keyLow;
}

export function decisionKeyHigh(): u64 {
  return keyHigh;
}

/** The credential that a key was made for: equal for equal credentials, whatever else differs between the requests. */
export function credentialTagOf(decisionKeyHigh: u64): u32 {
  return <u32>(decisionKeyHigh >> 32);
}

/**
 * A credential's tag by its text. Part of each key, it costs an entry no memory, and a purge finds by it all that was
 * decided for a credential. That leaves 96 bits to tell the requests with one credential apart, and two credentials of
 * one tag (1 in 2^32) lose their entries together.
 */
export function credentialTag(start: usize, size: usize): u32 {
  digestCredential(start, size);
  return <u32>digestHigh();
}

function digestCredential(start: usize, size: usize): void {
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbNumber(OF_CREDENTIAL);
  absorbField(start, size);
  finishDigest();
}

/**
 * Digests the current request; the result is `decisionKeyLow` and `decisionKeyHigh`.
 * @returns false if a field that would be sent has U+FFFD, malformed UTF-8 or control characters
 */
export function digestRequest(rule: Rule | null): bool {
  digestCredential(token.start, token.size);
  const credentialLow = digestLow();
  const credentialHigh = digestHigh();
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbSpan(configuration.service);
  absorbSpan(configuration.configVersion);
  if (rule !== null) absorbSpan(rule.name);
  else absorbNumber(0);
  absorbNumber((credentialSource().index << 2) | credentialScheme());
  absorbLong(credentialLow);
  absorbLong(credentialHigh);
  let clean = absorbSent(requestMethod);
  if (sendsRequest()) {
    if (!absorbSent(requestAuthority)) clean = false;
    if (!absorbSent(requestScheme)) clean = false;
    if (configuration.uri != URI_NONE && !absorbSent(sentUri)) clean = false;
    let header: NamedHeader | null = configuration.requestHeaders;
    while (header !== null) {
      absorbNumber(header.value.isPresent ? 1 : 0);
      if (!absorbSent(header.value)) clean = false;
      header = header.next;
    }
  }
  finishDigest();
  keyLow = digestLow();
  keyHigh = (digestHigh() & 0xffffffff) | (credentialHigh << 32);
  return clean;
}

function absorbSpan(span: Span): void {
  absorbField(span.start, span.size);
}

function absorbSent(span: Span): bool {
  absorbField(span.start, span.size);
  return isCleanHeaderText(span.start, span.size);
}
