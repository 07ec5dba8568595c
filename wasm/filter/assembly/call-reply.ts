import { STATUS_OK } from "./abi";
import { arenaOverflowed, releaseArena } from "./arena";
import { Rule } from "./configuration";
import { findCredential, token } from "./credentials";
import { answerFirst, conclude, failClient } from "./decision";
import { proxy_set_effective_context } from "./env";
import { freshForMs, isOfOneRequest, isReusableStale, isStorable, readFreshness } from "./freshness";
import { replyHeaders } from "./header-map";
import { dispatchedCall } from "./outbound";
import {
  beginAsking,
  findPendingByCall,
  firstWaitingContext,
  hasSeveralWaiters,
  hasWaiters,
  Pending,
  setCall,
  takeWaiter,
} from "./pending";
import { askAboutSubject, askFirst, judge } from "./protocol";
import { CALL_REFUSED, HEADERS_TOO_LARGE, RATE_LIMITED, SERVER_MALFORMED, SERVER_OVERLOADED } from "./reasons";
import { readReply } from "./reply";
import { readRequest } from "./request";
import { unverifiedExpiryMs } from "./unverified-expiry";
import { VERDICT_ASK_DECISION, VERDICT_FAIL, verdict } from "./verdict";

/** Handles the authorization server's reply, or its failure. */
export function acceptReply(callId: u32, headerCount: u32, bodySize: u32): void {
  const pending = findPendingByCall(callId);
  if (pending === null) return;
  verdict.reset();
  const rule = changetype<Rule | null>(pending.rule);
  if (readReply(headerCount, bodySize)) {
    if (pending.isPurged) {
      // The call was made before the purge, so its reply is neither used nor kept.
      releaseArena();
      if (!askAgain(pending)) conclude(pending);
      return;
    }
    noteFreshness(pending);
    judge(rule, pending.asksDecision != 0);
    pending.credentialExpiresAtMs = min(pending.credentialExpiresAtMs, verdict.expiresAtMs);
    // An incomplete payload (the arena was full) must neither be sent nor kept.
    if (arenaOverflowed()) verdict.fail(SERVER_MALFORMED);
  }
  if (isOfClient() && failClient(pending)) {
    if (!askAgain(pending)) conclude(pending);
    return;
  }
  if (verdict.kind == VERDICT_ASK_DECISION && ask(pending, rule, true)) return;
  if ((verdict.isPersonal || (verdict.kind != VERDICT_FAIL && isOfOneRequest())) && hasSeveralWaiters(pending)) {
    // A login started for one client is not valid for others, although they sent the same. Nor is a reply that depends on a
    // header in which they differ.
    answerFirst(pending);
    releaseArena();
    if (askAgain(pending)) return;
  }
  conclude(pending);
}

/**
 * True if the call was not made because of its client: the client's queue is too long, or its rate limit is reached. That
 * does not concern other clients that sent the same.
 */
function isOfClient(): bool {
  return verdict.kind == VERDICT_FAIL && (verdict.reason == SERVER_OVERLOADED || verdict.reason == RATE_LIMITED);
}

/**
 * Repeats the first call for the waiters.
 * @returns false if that is not possible; the verdict then contains the reason
 */
export function askAgain(pending: Pending): bool {
  return ask(pending, changetype<Rule | null>(pending.rule), false);
}

function noteFreshness(pending: Pending): void {
  readFreshness(replyHeaders);
  pending.freshForMs = min(pending.freshForMs, freshForMs());
  if (!isStorable()) pending.isStorable = 0;
  if (!isReusableStale()) pending.isReusableStale = 0;
}

/**
 * Sends another call for the waiters: about the verified subject, or the first one again. The request is read again from
 * one of the waiters; without any, no call is made.
 * @returns true if the call was sent; otherwise the verdict contains the reason
 */
function ask(pending: Pending, rule: Rule | null, aboutSubject: bool): bool {
  while (hasWaiters(pending)) {
    if (proxy_set_effective_context(firstWaitingContext(pending)) != STATUS_OK) {
      takeWaiter(pending);
      continue;
    }
    if (!readRequest()) break;
    if (aboutSubject ? !askAboutSubject(rule) : !askAnew(rule)) break;
    setCall(pending, dispatchedCall());
    if (aboutSubject) pending.asksDecision = 1;
    else beginAsking(pending, unverifiedExpiryMs(token));
    return true;
  }
  verdict.fail(arenaOverflowed() ? HEADERS_TOO_LARGE : CALL_REFUSED);
  return false;
}

function askAnew(rule: Rule | null): bool {
  findCredential();
  return askFirst(rule);
}
