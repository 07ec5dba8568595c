import { NO_GRPC_STATUS } from "./abi";
import { arenaMark, releaseArena, reserve, rewindArena } from "./arena";
import { configuration } from "./configuration";
import { proxy_send_local_response } from "./env";
import { addHeader, addHeaderText, beginHeader, beginHeaders, endHeader, finishHeaders, putQuoted } from "./header-map";
import {
  INSUFFICIENT_SCOPE,
  MALFORMED_CREDENTIAL,
  OVER_SHARE,
  RATE_LIMITED,
  reasonText,
  SERVER_OVERLOADED,
  statusOf,
  TOKEN_INACTIVE,
  TOKEN_UNEXPECTED,
} from "./reasons";
import { Span } from "./span";
import { putText, takeWritten } from "./text-writer";

/**
 * Responses to the client instead of the upstream's. As a payload: u32 size of the header map, the map, the body.
 * The same bytes serve the current request, every waiting request, and hits from the cache.
 */

const headers = changetype<Span>(memory.data(8));
const payload = changetype<Span>(memory.data(8));

let payloadStart: usize = 0;

/** Starts a refusal. Add its headers with header-map.ts. */
export function beginRefusal(): void {
  payloadStart = reserve(4);
  beginHeaders();
}

/** Ends the headers. Text put until `takeRefusal` is the body. */
export function endRefusalHeaders(): void {
  finishHeaders(headers);
  if (!payloadStart || !headers.isPresent) return;
  // The map starts 8-aligned after the 4 bytes of its size; close the gap.
  memory.copy(payloadStart + 4, headers.start, headers.size);
  store<u32>(payloadStart, <u32>headers.size);
  rewindArena(payloadStart + 4 + headers.size);
}

export function takeRefusal(into: Span): void {
  takeWritten(payloadStart, into);
}

/** The gateway's own refusal: JSON with the reason, and a challenge for 401 and missing scopes. */
export function composeRefusal(reason: u32, scopes: Span, into: Span, retryAfter: Span = NO_RETRY_AFTER): void {
  beginRefusal();
  addHeaderText("content-type", "application/json");
  addHeaderText("cache-control", "no-store");
  if (statusOf(reason) == 401 || reason == INSUFFICIENT_SCOPE) addChallenges(reason, scopes);
  if (retryAfter.isPresent) addHeader("retry-after", retryAfter);
  else if (reason == SERVER_OVERLOADED || reason == OVER_SHARE) addHeaderText("retry-after", "1");
  // The shortest period of a rate limiting binding.
  else if (reason == RATE_LIMITED) addHeaderText("retry-after", "10");
  endRefusalHeaders();
  putReasonBody(reason);
  takeRefusal(into);
}

export function putReasonBody(reason: u32): void {
  putText('{"error":"');
  putText(reasonText(reason));
  putText('"}');
}

/** WWW-Authenticate for each accepted scheme (RFC 6750, 3 and RFC 7617, 2); Bearer if there is none. */
export function addChallenges(reason: u32, scopes: Span): void {
  if (configuration.challengeBearer || !configuration.challengeBasic) {
    beginHeader("www-authenticate");
    putText("Bearer realm=");
    putQuoted(configuration.realm);
    if (reason == MALFORMED_CREDENTIAL || reason == TOKEN_INACTIVE || reason == TOKEN_UNEXPECTED) {
      putText(', error="invalid_token"');
    } else if (reason == INSUFFICIENT_SCOPE) {
      putText(', error="insufficient_scope", scope=');
      putQuoted(scopes);
    }
    endHeader();
  }
  if (configuration.challengeBasic && reason != INSUFFICIENT_SCOPE) {
    beginHeader("www-authenticate");
    putText("Basic realm=");
    putQuoted(configuration.realm);
    putText(', charset="UTF-8"');
    endHeader();
  }
}

/** True for a server's headers that go to the client with its refusal. @param name in lower case */
export function isPassedOn(name: Span): bool {
  return (
    name.is("set-cookie") ||
    name.is("www-authenticate") ||
    name.is("location") ||
    name.is("content-type") ||
    name.is("retry-after") ||
    name.is("cache-control")
  );
}

/** Answers the request of the effective context. */
export function sendRefusal(status: u32, reason: u32, payload: Span): void {
  const details = arenaMark();
  putText(reasonText(reason));
  const detailsSize = arenaMark() - details;
  const map = payload.start + 4;
  const mapSize: usize = load<u32>(payload.start);
  const body = map + mapSize;
  proxy_send_local_response(status, details, detailsSize, body, payload.end - body, map, mapSize, NO_GRPC_STATUS);
  rewindArena(details);
}

/** True if the bytes are a refusal, as far as this filter reads it; the host reads the map. */
export function isRefusalPayload(payload: Span): bool {
  return payload.size >= 4 && <usize>load<u32>(payload.start) <= payload.size - 4;
}

const NO_SCOPES = changetype<Span>(memory.data(8));
const NO_RETRY_AFTER = changetype<Span>(memory.data(8));

/** Composes and sends the gateway's own refusal. Releases the arena first: it may be full, and its data is not needed. */
export function refuseNow(reason: u32): void {
  releaseArena();
  composeRefusal(reason, NO_SCOPES, payload);
  sendRefusal(statusOf(reason), reason, payload);
}

export function noScopes(): Span {
  return NO_SCOPES;
}
