import { STATUS_OK, proxy_set_effective_context } from "./abi";
import { conclude } from "./decision";
import { isReusableStale, freshForMs, isStorable, readFreshness } from "./freshness";
import { replyHeaders } from "./header-map";
import { dispatchedCall } from "./outbound";
import { Pending, findPendingByCall, firstWaitingContext, hasWaiters, setCall, takeWaiter } from "./pending";
import { askAboutSubject, judge } from "./protocol";
import { HEADERS_TOO_LARGE, SERVER_MALFORMED, CALL_REFUSED } from "./reasons";
import { Rule } from "./configuration";
import { readReply } from "./reply";
import { readRequest } from "./request";
import { arenaOverflowed } from "./arena";
import { VERDICT_ASK_DECISION, verdict } from "./verdict";

/** The authorization server has answered, or will not. */
export function acceptReply(callId: u32, headerCount: u32, bodySize: u32): void {
  const pending = findPendingByCall(callId);
  if (pending === null) return;
  verdict.reset();
  const rule = changetype<Rule | null>(pending.rule);
  if (readReply(headerCount, bodySize)) {
    noteFreshness(pending);
    judge(rule, pending.asksDecision != 0);
    pending.credentialExpiresAtMs = min(pending.credentialExpiresAtMs, verdict.expiresAtMs);
    // An incomplete payload (the arena was full) must neither be sent nor kept.
    if (arenaOverflowed()) verdict.fail(SERVER_MALFORMED);
  }
  if (verdict.kind == VERDICT_ASK_DECISION && askForDecision(pending, rule)) return;
  conclude(pending);
}

function noteFreshness(pending: Pending): void {
  readFreshness(replyHeaders);
  pending.freshForMs = min(pending.freshForMs, freshForMs());
  if (!isStorable()) pending.isStorable = 0;
  if (!isReusableStale()) pending.isReusableStale = 0;
}

/**
 * The subject is verified: asks what it may do. The request is read again from one that waits; if nobody does any more,
 * there is nobody to ask for.
 * @returns true if the call is under way; otherwise the verdict says why not
 */
function askForDecision(pending: Pending, rule: Rule | null): bool {
  while (hasWaiters(pending)) {
    if (proxy_set_effective_context(firstWaitingContext(pending)) != STATUS_OK) {
      takeWaiter(pending);
      continue;
    }
    if (readRequest() && askAboutSubject(rule)) {
      setCall(pending, dispatchedCall());
      pending.asksDecision = 1;
      return true;
    }
    break;
  }
  verdict.fail(arenaOverflowed() ? HEADERS_TOO_LARGE : CALL_REFUSED);
  return false;
}
