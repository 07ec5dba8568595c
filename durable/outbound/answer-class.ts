import type { FilterKind } from "../../config/index.ts";
import type { OutboundResult } from "../../wasm/host/index.ts";
import type { AnswerClass } from "../estimate/estimator.ts";

/**
 * What an authorization server's answer means for the cache: by its status, and for the built-in filter by what its protocol
 * says in the body. Only for statistics; the filter itself reads the answer.
 */
export function answerClass(result: OutboundResult, filterKind: FilterKind): AnswerClass {
  if (!result.ok) return "failed";
  const status = Number(result.headers.find(([name]) => name === ":status")?.[1]);
  if (status >= 400 && status < 500) return "denied";
  if (!(status >= 200 && status < 400)) return "failed";
  if (filterKind.kind !== "built-in" || filterKind.authorization.protocol === "forward-auth") return "allowed";
  return allows(result.body) ? "allowed" : "denied";
}

interface OpaResult {
  readonly allow?: unknown;
  readonly allowed?: unknown;
}

const NO_RESULT: OpaResult = {};

/** Whether a JSON answer of RFC 7662 (`active`), AuthZEN (`decision`) or OPA (`result`, its `allow` or `allowed`) allows. */
function allows(body: Uint8Array): boolean {
  try {
    const answer = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown> | null;
    const { active, decision, result } = answer ?? {};
    const { allow, allowed } = typeof result === "object" && result !== null ? (result as OpaResult) : NO_RESULT;
    return [active, decision, result, allow, allowed].includes(true);
  } catch {
    return false;
  }
}
