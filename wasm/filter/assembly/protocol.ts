import { judgeAuthZen } from "./authzen";
import { configuration, PROTOCOL_AUTHZEN, PROTOCOL_FORWARD_AUTH, PROTOCOL_INTROSPECTION, Rule } from "./configuration";
import { token } from "./credentials";
import { askDecisionPoint } from "./decision-point";
import { askForwardAuth, judgeForwardAuth } from "./forward-auth";
import { askIntrospection, judgeIntrospection, judgeSubject } from "./introspection";
import { repliedSubject } from "./introspection-reply";
import { judgeOpa } from "./opa";
import { Span } from "./span";

/** Selects the protocol. A decision takes one call, or two if the subject is looked up first. */

const NO_SUBJECT = changetype<Span>(memory.data(8));

/** Sends the first call for the current request. */
export function askFirst(rule: Rule | null): bool {
  const subject = configuration.subject;
  if (subject !== null) return askIntrospection(subject);
  if (configuration.protocol == PROTOCOL_FORWARD_AUTH) return askForwardAuth(rule);
  if (configuration.protocol == PROTOCOL_INTROSPECTION) return askIntrospection(configuration.endpoint);
  return askDecisionPoint(rule, configuration.subjectIsCredential ? token : NO_SUBJECT);
}

/** Sends the second call, about the subject that was just verified. */
export function askAboutSubject(rule: Rule | null): bool {
  return askDecisionPoint(rule, repliedSubject);
}

/** Judges the reply; the result is in `verdict`. */
export function judge(rule: Rule | null, asksDecision: bool): void {
  if (configuration.subject !== null && !asksDecision) judgeSubject();
  else if (configuration.protocol == PROTOCOL_FORWARD_AUTH) judgeForwardAuth();
  else if (configuration.protocol == PROTOCOL_INTROSPECTION) judgeIntrospection(rule);
  else if (configuration.protocol == PROTOCOL_AUTHZEN) judgeAuthZen();
  else judgeOpa();
}
