import {
  BUFFER_CALL_RESPONSE_BODY, MAP_CALL_RESPONSE_HEADERS, STATUS_OK, proxy_get_buffer_bytes, proxy_get_status,
} from "./abi";
import { replyHeaders } from "./header-map";
import { MAX_REPLY_BODY_BYTES } from "./limits";
import { SERVER_ERROR, SERVER_MALFORMED, SERVER_OVERLOADED, SERVER_TIMEOUT, SERVER_UNREACHABLE } from "./reasons";
import { Span } from "./span";
import { verdict } from "./verdict";

/** The authorization server's reply to the call being handled: `replyHeaders`, its status and its body. */

export const replyBody = changetype<Span>(memory.data(8));
let status: u32 = 0;
let bodyFits: bool = true;

export function replyStatus(): u32 {
  return status;
}

/** False if the body was longer than MAX_REPLY_BODY_BYTES; it is then absent. */
export function replyBodyFits(): bool {
  return bodyFits;
}

const RESULT: usize = memory.data(12);
const message = changetype<Span>(memory.data(8));
const statusName = changetype<Span>(memory.data(8));
const statusValue = changetype<Span>(memory.data(8));

/**
 * Reads the reply. If there is none, or it is a server's error (5xx), or none that can be understood, the verdict is
 * set to a failure.
 * @returns true if there is a reply for the protocol to judge
 */
export function readReply(headerCount: u32, bodySize: u32): bool {
  replyBody.clear();
  if (headerCount == 0) {
    failWithoutReply();
    return false;
  }
  if (!replyHeaders.fetch(MAP_CALL_RESPONSE_HEADERS) || !readStatus()) {
    verdict.fail(SERVER_MALFORMED);
    return false;
  }
  if (status >= 500) {
    verdict.fail(SERVER_ERROR, false, true);
    return false;
  }
  bodyFits = bodySize <= MAX_REPLY_BODY_BYTES;
  if (bodySize > 0 && bodyFits) bodyFits = fetchBody(bodySize);
  return true;
}

function failWithoutReply(): void {
  if (proxy_get_status(RESULT, RESULT + 4, RESULT + 8) == STATUS_OK) {
    message.set(load<usize>(RESULT + 4), load<usize>(RESULT + 8));
    if (message.is("unreachable")) {
      // Nobody's calls are answered, so that this is no doing of one client: only then may a gate be left open.
      verdict.fail(SERVER_UNREACHABLE, true, true);
      return;
    }
    if (message.is("timeout")) {
      verdict.fail(SERVER_TIMEOUT);
      return;
    }
    if (message.is("overflow")) {
      // The host's queue was full: the server may be well, so neither fail open nor stale answers.
      verdict.fail(SERVER_OVERLOADED);
      return;
    }
    if (message.is("rejected")) {
      // The host could not send the call or would not take the reply, which says nothing about the server.
      verdict.fail(SERVER_ERROR);
      return;
    }
  }
  verdict.fail(SERVER_UNREACHABLE);
}

function readStatus(): bool {
  status = 0;
  replyHeaders.rewind();
  while (replyHeaders.next(statusName, statusValue)) {
    if (!statusName.is(":status")) continue;
    if (statusValue.size != 3 || status != 0) return false;
    for (let at = statusValue.start; at < statusValue.end; at++) {
      const byte = load<u8>(at);
      if (byte < 0x30 || byte > 0x39) return false;
      status = status * 10 + (byte - 0x30);
    }
  }
  return status >= 200 && status <= 599;
}

function fetchBody(bodySize: u32): bool {
  const got = proxy_get_buffer_bytes(BUFFER_CALL_RESPONSE_BODY, 0, bodySize, RESULT, RESULT + 4);
  if (got != STATUS_OK || load<u32>(RESULT + 4) != bodySize) return false;
  replyBody.set(load<usize>(RESULT), bodySize);
  return true;
}
