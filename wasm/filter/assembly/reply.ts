import { BUFFER_CALL_RESPONSE_BODY, MAP_CALL_RESPONSE_HEADERS, STATUS_OK } from "./abi";
import { proxy_get_buffer_bytes, proxy_get_status } from "./env";
import { replyHeaders } from "./header-map";
import { MAX_RETRY_AFTER_BYTES } from "./limits";
import {
  RATE_LIMITED,
  SERVER_ERROR,
  SERVER_MALFORMED,
  SERVER_OVERLOADED,
  SERVER_TIMEOUT,
  SERVER_UNREACHABLE,
} from "./reasons";
import { Span, trim } from "./span";
import { verdict } from "./verdict";

/**
 * The authorization server's reply to the current call: `replyHeaders` and status. The body must be fetched, so an unread
 * body may have any size.
 */

/** Empty until `fetchReplyBody`. */
export const replyBody = changetype<Span>(memory.data(8));
let status: u32 = 0;
let bodyBytes: u32 = 0;

export function replyStatus(): u32 {
  return status;
}

export function replyBodyBytes(): u32 {
  return bodyBytes;
}

const RESULT: usize = memory.data(12);
const message = changetype<Span>(memory.data(8));
const fieldName = changetype<Span>(memory.data(8));
const fieldValue = changetype<Span>(memory.data(8));

/**
 * Reads the reply. If there is none, or it is a server error (5xx) or malformed, the verdict is set to a failure.
 * @returns true if there is a reply for the protocol to judge
 */
export function readReply(headerCount: u32, bodySize: u32): bool {
  replyBody.clear();
  bodyBytes = bodySize;
  if (headerCount == 0) {
    failWithoutReply();
    return false;
  }
  if (!replyHeaders.fetch(MAP_CALL_RESPONSE_HEADERS) || !readStatus()) {
    verdict.fail(SERVER_MALFORMED);
    return false;
  }
  if (status == 429 || status == 503) noteRetryAfter();
  if (status >= 500) {
    // This may concern only this call, so it is not "unreachable".
    verdict.fail(SERVER_ERROR);
    return false;
  }
  return true;
}

/**
 * Fetches the body if it has at most `maxBytes`.
 * @returns false if it is longer or unavailable; it is absent then
 */
export function fetchReplyBody(maxBytes: u32): bool {
  if (bodyBytes == 0) return true;
  if (bodyBytes > maxBytes) return false;
  const got = proxy_get_buffer_bytes(BUFFER_CALL_RESPONSE_BODY, 0, bodyBytes, RESULT, RESULT + 4);
  if (got != STATUS_OK || load<u32>(RESULT + 4) != bodyBytes) return false;
  replyBody.set(load<usize>(RESULT), bodyBytes);
  return true;
}

const KEPT_RETRY_AFTER: usize = memory.data(32);
const retryAfter = changetype<Span>(memory.data(8));

/** Saves Retry-After for a possible failure. A copy: the arena is released before a failure is answered. */
function noteRetryAfter(): void {
  replyHeaders.rewind();
  while (replyHeaders.next(fieldName, fieldValue)) {
    if (!fieldName.is("retry-after")) continue;
    trim(fieldValue);
    if (fieldValue.size == 0 || fieldValue.size > MAX_RETRY_AFTER_BYTES || !isPrintableAscii(fieldValue)) return;
    memory.copy(KEPT_RETRY_AFTER, fieldValue.start, fieldValue.size);
    retryAfter.set(KEPT_RETRY_AFTER, fieldValue.size);
    verdict.retryAfter = retryAfter;
    return;
  }
}

function isPrintableAscii(text: Span): bool {
  for (let at = text.start; at < text.end; at++) {
    const byte = load<u8>(at);
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  return true;
}

function failWithoutReply(): void {
  if (proxy_get_status(RESULT, RESULT + 4, RESULT + 8) == STATUS_OK) {
    message.set(load<usize>(RESULT + 4), load<usize>(RESULT + 8));
    if (message.is("unreachable")) {
      // The host's probes get no answer, so no client caused this: only then may the gateway fail open.
      verdict.fail(SERVER_UNREACHABLE, true, true);
      return;
    }
    if (message.is("failing")) {
      verdict.fail(SERVER_UNREACHABLE, false, true);
      return;
    }
    if (message.is("timeout")) {
      verdict.fail(SERVER_TIMEOUT);
      return;
    }
    if (message.is("rate_limited")) {
      verdict.fail(RATE_LIMITED);
      return;
    }
    if (message.is("overflow")) {
      // The host's queue was full: the server may be healthy, so neither fail open nor serve stale.
      verdict.fail(SERVER_OVERLOADED);
      return;
    }
    if (message.is("rejected")) {
      // The host could not send the call or rejected the reply, which says nothing about the server.
      verdict.fail(SERVER_ERROR);
      return;
    }
  }
  verdict.fail(SERVER_UNREACHABLE);
}

function readStatus(): bool {
  status = 0;
  replyHeaders.rewind();
  while (replyHeaders.next(fieldName, fieldValue)) {
    if (!fieldName.is(":status")) continue;
    if (fieldValue.size != 3 || status != 0) return false;
    for (let at = fieldValue.start; at < fieldValue.end; at++) {
      const byte = load<u8>(at);
      if (byte < 0x30 || byte > 0x39) return false;
      status = status * 10 + (byte - 0x30);
    }
  }
  return status >= 200 && status <= 599;
}
