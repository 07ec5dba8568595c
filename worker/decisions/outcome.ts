import { type OutcomeReason, refuseReason, undecidedReason } from "../../durable/metrics/outcomes.ts";
import type { AllowedBy } from "../../durable/rpc.ts";

/** What became of a request that needed a decision, in words that metrics share (docs/logs.md). */
export type DecisionOutcome =
  | { readonly outcome: "allowed"; readonly reason: AllowReason }
  | { readonly outcome: "refused"; readonly reason: RefuseReason }
  | { readonly outcome: "undecided"; readonly reason: UndecidedReason };

/**
 * Where an allow came from: the object, this isolate's copy of the object's answer, or a token or key that the Worker verified.
 * `object`: the object does not say more, as in exchanges of which the filter sees more than the head.
 */
export type AllowReason = AllowedBy | "isolate" | "token" | "object" | "report_only";

type RefuseReason = OutcomeReason<"refused">;
type UndecidedReason = OutcomeReason<"undecided">;

/**
 * The outcome of a reply in place of the upstream's.
 *
 * @param reason `x-ebb-reason`; other filters and servers choose any text, which must not get into a log
 */
export function outcomeOfReply(status: number, reason: string | null): DecisionOutcome {
  return status >= 500
    ? { outcome: "undecided", reason: undecidedReason(reason) }
    : { outcome: "refused", reason: refuseReason(status, reason) };
}
