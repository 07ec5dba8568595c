import { NamedHeader, Rule, URI_NONE, configuration, sendsRequest } from "./configuration";
import { credentialScheme, credentialSource, token } from "./credentials";
import { requestAuthority, requestMethod, requestScheme, sentUri } from "./request";
import { absorbField, absorbNumber, beginDigest, finishDigest } from "./siphash";
import { Span } from "./span";
import { isCleanHeaderText } from "./utf8";

/**
 * The key of a decision: a keyed digest over everything the decision may depend on, each part with its length before
 * it. What is sent to the authorization server and what is in the key must be the same set: a field added to a protocol
 * belongs here too.
 */

/**
 * Digests the current request; the result is `digestLow` and `digestHigh` of siphash.ts.
 * @returns false if a field that would be sent has U+FFFD, malformed UTF-8 or control characters
 */
export function digestRequest(rule: Rule | null): bool {
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
    if (configuration.uri != URI_NONE && !absorbSent(sentUri)) clean = false;
    let header: NamedHeader | null = configuration.requestHeaders;
    while (header !== null) {
      absorbNumber(header.value.isPresent ? 1 : 0);
      if (!absorbSent(header.value)) clean = false;
      header = header.next;
    }
  }
  finishDigest();
  return clean;
}

function absorbSpan(span: Span): void {
  absorbField(span.start, span.size);
}

function absorbSent(span: Span): bool {
  absorbField(span.start, span.size);
  return isCleanHeaderText(span.start, span.size);
}
