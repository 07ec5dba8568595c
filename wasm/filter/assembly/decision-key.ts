import { configuration, NamedHeader, Rule, sendsRequest, URI_NONE } from "./configuration";
import { tagOf, tagOfBase64 } from "./credential-tag";
import { credentialScheme, credentialSource, SCHEME_BASIC, token } from "./credentials";
import { requestAuthority, requestMethod, requestScheme, sentUri } from "./request";
import { absorbField, absorbNumber, beginDigest, digestHigh, digestLow, finishDigest } from "./siphash";
import { Span } from "./span";
import { isCleanHeaderText } from "./utf8";

/**
 * The key of a decision: a keyed digest of everything the decision may depend on, each part preceded by its length. The
 * key must cover exactly the fields that are sent to the authorization server, except the headers that the operator leaves
 * out of it (`unkeyedHeaders`): a field added to a protocol must be added here too.
 */

let keyLow: u64 = 0;
let keyHigh: u64 = 0;

/** The key of the last digested request, 128 bits. The upper 32 are its credential's tag. */
export function decisionKeyLow(): u64 {
  return keyLow;
}

export function decisionKeyHigh(): u64 {
  return keyHigh;
}

/**
 * The tag of the key's credential (credential-tag.ts), the same for all its requests. As a part of the key it costs an
 * entry no memory, and leaves 96 bits to distinguish the requests with one credential.
 */
export function credentialTagOf(decisionKeyHigh: u64): u32 {
  return <u32>(decisionKeyHigh >> 32);
}

/**
 * Digests the current request; the result is `decisionKeyLow` and `decisionKeyHigh`.
 * @returns false if a field to send contains U+FFFD, malformed UTF-8 or control characters
 */
export function digestRequest(rule: Rule | null): bool {
  const tag = credentialScheme() == SCHEME_BASIC ? tagOfBase64(token) : tagOf(token);
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbSpan(configuration.service);
  absorbSpan(configuration.configVersion);
  if (rule !== null) absorbSpan(rule.name);
  else absorbNumber(0);
  absorbNumber((credentialSource().index << 2) | credentialScheme());
  absorbSpan(token);
  let clean = absorbSent(requestMethod);
  if (sendsRequest()) {
    if (!absorbSent(requestAuthority)) clean = false;
    if (!absorbSent(requestScheme)) clean = false;
    if (configuration.uri != URI_NONE && !absorbSent(sentUri(rule))) clean = false;
    let header: NamedHeader | null = configuration.requestHeaders;
    while (header !== null) {
      const value = header.value;
      if (header.isUnkeyed) {
        if (!isCleanHeaderText(value.start, value.size)) clean = false;
      } else {
        absorbNumber(value.isPresent ? 1 : 0);
        if (!absorbSent(value)) clean = false;
      }
      header = header.next;
    }
  }
  finishDigest();
  keyLow = digestLow();
  keyHigh = (digestHigh() & 0xffffffff) | ((<u64>tag) << 32);
  return clean;
}

function absorbSpan(span: Span): void {
  absorbField(span.start, span.size);
}

function absorbSent(span: Span): bool {
  absorbField(span.start, span.size);
  return isCleanHeaderText(span.start, span.size);
}
