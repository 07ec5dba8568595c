import { ACTION_CONTINUE, ACTION_PAUSE, STATUS_NOT_FOUND, STATUS_OK } from "./abi";
import { arenaMark, arenaOverflowed, releaseArena } from "./arena";
import { lookUpFresh } from "./cache";
import { currentClient } from "./client-share";
import { findRule, Rule } from "./configuration";
import { CREDENTIAL_FOUND, CREDENTIAL_MALFORMED, CREDENTIAL_MISSING, findCredential, token } from "./credentials";
import { serveEntry } from "./decision";
import { decisionKeyHigh, decisionKeyLow, digestRequest } from "./decision-key";
import { proxy_get_property } from "./env";
import { CACHE_COALESCED, CACHE_HITS, CACHE_MISSES, count } from "./metrics";
import { hasSeveralSources, removeOtherCredentials } from "./other-credentials";
import { dispatchedCall } from "./outbound";
import { addPending, addWaiter, beginAsking, findPending, hasRoomToWait, mayAsk, mayWait } from "./pending";
import { askFirst } from "./protocol";
import {
  CALL_REFUSED,
  HEADER_NOT_UTF8,
  HEADERS_TOO_LARGE,
  MALFORMED_CREDENTIAL,
  MISSING_CREDENTIAL,
  OVER_SHARE,
  SERVER_OVERLOADED,
  UNKNOWN_RULE,
} from "./reasons";
import { refuseNow } from "./refusal";
import { readRequest } from "./request";
import { Span } from "./span";
import { putText } from "./text-writer";
import { unverifiedExpiryMs } from "./unverified-expiry";

/** Handles one request: credential, key, cache; on a miss, a new call or a place among its waiters. */

let lastMissed: bool = false;

/** True if the last request called the authorization server or joined a call. */
export function missed(): bool {
  return lastMissed;
}

/** @returns the action for `proxy_on_request_headers` */
export function authorizeRequest(contextId: u32): i32 {
  lastMissed = false;
  if (!readRequest()) return refuse(HEADERS_TOO_LARGE);
  const found = findCredential();
  if (found == CREDENTIAL_MISSING) return refuse(MISSING_CREDENTIAL);
  if (found == CREDENTIAL_MALFORMED) return refuse(MALFORMED_CREDENTIAL);
  if (hasSeveralSources() && removeOtherCredentials()) {
    // From here on, the request without them is sent, cached and served.
    releaseArena();
    if (!readRequest()) return refuse(HEADERS_TOO_LARGE);
    if (findCredential() != CREDENTIAL_FOUND) return refuse(MALFORMED_CREDENTIAL);
  }
  if (!readRuleName()) return refuse(UNKNOWN_RULE);
  let rule: Rule | null = null;
  if (ruleName.size > 0) {
    rule = findRule(ruleName);
    if (rule === null) return refuse(UNKNOWN_RULE);
  }
  if (!digestRequest(rule)) return refuse(HEADER_NOT_UTF8);
  // A digest of data cut short by a full arena must not become a key.
  if (arenaOverflowed()) return refuse(HEADERS_TOO_LARGE);
  const entry = lookUpFresh(decisionKeyLow(), decisionKeyHigh());
  if (entry !== null) {
    count(CACHE_HITS);
    return serveEntry(entry) ? ACTION_CONTINUE : ACTION_PAUSE;
  }
  lastMissed = true;
  return waitForDecision(contextId, rule);
}

function waitForDecision(contextId: u32, rule: Rule | null): i32 {
  const client = currentClient();
  const running = findPending(decisionKeyLow(), decisionKeyHigh());
  if (running !== null) {
    count(CACHE_COALESCED);
    // A waiter for another instance's call may have to repeat it. Equal keys match equal rules.
    running.rule = changetype<usize>(rule);
    if (!mayWait(client)) return refuse(OVER_SHARE);
    return addWaiter(running, contextId, client) ? ACTION_PAUSE : refuse(SERVER_OVERLOADED);
  }
  count(CACHE_MISSES);
  if (!hasRoomToWait()) return refuse(SERVER_OVERLOADED);
  if (!mayAsk(client) || !mayWait(client)) return refuse(OVER_SHARE);
  const expiresAtMs = unverifiedExpiryMs(token);
  if (!askFirst(rule)) return refuse(arenaOverflowed() ? HEADERS_TOO_LARGE : CALL_REFUSED);
  const pending = addPending(decisionKeyLow(), decisionKeyHigh(), dispatchedCall(), client);
  beginAsking(pending, expiresAtMs);
  pending.rule = changetype<usize>(rule);
  addWaiter(pending, contextId, client);
  return ACTION_PAUSE;
}

function refuse(reason: u32): i32 {
  refuseNow(reason);
  return ACTION_PAUSE;
}

const RESULT: usize = memory.data(8);
const ruleName = changetype<Span>(memory.data(8));

/** Name of the rule matched by the gateway; empty if there is none. False if the host cannot provide it. */
function readRuleName(): bool {
  const path = arenaMark();
  putText("xds\0route_name");
  const status = proxy_get_property(path, arenaMark() - path, RESULT, RESULT + 4);
  ruleName.clear();
  if (status == STATUS_OK) ruleName.set(load<usize>(RESULT), load<usize>(RESULT + 4));
  return status == STATUS_OK || status == STATUS_NOT_FOUND;
}
