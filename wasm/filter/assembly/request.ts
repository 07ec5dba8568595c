import { MAP_REQUEST_HEADERS } from "./abi";
import { configuration, NamedHeader, Rule, URI_NONE, URI_PATH, URI_RULE } from "./configuration";
import { requestHeaders } from "./header-map";
import { indexOfByte, Span } from "./span";

/**
 * The effective context's request, as spans of its header map in the arena. The values of chosen headers are in
 * `configuration.requestHeaders`.
 */

export const requestMethod = changetype<Span>(memory.data(8));
export const requestAuthority = changetype<Span>(memory.data(8));
export const requestScheme = changetype<Span>(memory.data(8));
/** The part of the request's path and query that may be sent; absent if none may. */
const requestUri = changetype<Span>(memory.data(8));

const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));

/** Fetches the request's headers with one host call. False if they do not fit into the arena. */
export function readRequest(): bool {
  requestMethod.clear();
  requestAuthority.clear();
  requestScheme.clear();
  requestUri.clear();
  if (!requestHeaders.fetch(MAP_REQUEST_HEADERS)) return false;
  requestHeaders.rewind();
  while (requestHeaders.next(name, value)) {
    if (name.size == 0 || load<u8>(name.start) != 0x3a) continue;
    if (name.is(":method")) requestMethod.copy(value);
    else if (name.is(":path")) takeUri(value);
    else if (name.is(":authority")) requestAuthority.copy(value);
    else if (name.is(":scheme")) requestScheme.copy(value);
  }
  let chosen: NamedHeader | null = configuration.requestHeaders;
  while (chosen !== null) {
    requestHeaders.findJoined(chosen.name, chosen.value);
    chosen = chosen.next;
  }
  return true;
}

function takeUri(path: Span): void {
  if (configuration.uri == URI_NONE) return;
  requestUri.copy(path);
  if (configuration.uri == URI_PATH) requestUri.size = indexOfByte(path.start, path.end, 0x3f) - path.start;
}

/** True if the matched rule's pattern is sent, and nothing of the request's own path and query. */
function isPatternSent(rule: Rule | null): bool {
  return configuration.uri == URI_RULE && rule !== null && rule.uri.isPresent;
}

/**
 * What is sent to the decision point about the URI; absent if nothing is. The key has the same, so no one may send anything
 * else of it.
 */
export function sentUri(rule: Rule | null): Span {
  return rule !== null && isPatternSent(rule) ? rule.uri : requestUri;
}
