import { describe, expect, expectTypeOf, it } from "vitest";
import type { OutcomeReason } from "../../durable/metrics/outcomes.ts";
import type { AllowedBy, UnavailableReason } from "../../durable/rpc.ts";
import { KNOWN_REASONS, statusesOf } from "../../scripts/policy-test/reasons.ts";
import type { Undecided } from "../credentials/undecided.ts";
import { outcomeOfReply } from "./outcome.ts";

/** Reasons of replies after an allow. */
const AFTER_THE_DECISION = ["upstream_binding_missing", "invalid_path_from_filter"];
/** A mistake of the configuration that the gateway itself rules out. */
const NEVER = ["unknown_rule"];

const undecided = KNOWN_REASONS.filter((reason) => {
  const statuses = statusesOf(reason);
  return Array.isArray(statuses) && statuses.includes(503);
}).filter((reason) => ![...AFTER_THE_DECISION, ...NEVER].includes(reason));

describe("an outcome", () => {
  it("has every reason that the gateway itself gives", () => {
    expectTypeOf<UnavailableReason | Undecided["reason"]>().toExtend<OutcomeReason<"undecided">>();
    expectTypeOf<AllowedBy>().toExtend<OutcomeReason<"allowed">>();
  });

  it.each(undecided)("without a decision has the reason that the client gets: %s", (reason) => {
    expect(outcomeOfReply(503, reason)).toEqual({ outcome: "undecided", reason });
  });

  it.each<[status: number, reason: string | null, expected: string]>([
    [401, "missing_credential", "credential"],
    [401, "token_expired", "credential"],
    [401, "denied", "credential"],
    [403, "denied", "denied"],
    [403, null, "denied"],
    [403, "no_rule", "rule"],
    [403, "insufficient_scope", "rule"],
    [403, "insufficient_claims", "rule"],
    [302, "denied", "denied"],
    [404, "denied", "denied"],
    [429, "rate_limited", "throttled"],
    [429, "denied", "throttled"],
    [400, "header_not_utf8", "other"],
    [431, "headers_too_large", "other"],
    [200, null, "other"],
  ])("refused with %i %s is %s", (status, reason, expected) => {
    expect(outcomeOfReply(status, reason)).toEqual({ outcome: "refused", reason: expected });
  });

  it.each(["a secret", "constructor", "__proto__", "toString", "", null])(
    "has no text of a server or filter: %j",
    (reason) => {
      expect(outcomeOfReply(503, reason)).toEqual({ outcome: "undecided", reason: "other" });
      expect(outcomeOfReply(403, reason)).toEqual({ outcome: "refused", reason: "denied" });
      expect(outcomeOfReply(418, reason)).toEqual({ outcome: "refused", reason: "other" });
    },
  );
});
