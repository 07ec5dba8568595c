import type { Service } from "../../config/index.ts";
import type { Decision, HeaderList, Refusal } from "../../wasm/host/index.ts";
import { flattenHeaders } from "../flat-headers.ts";
import { allowedBy } from "../metrics/count-outcome.ts";
import type { Continue, LocalResponse, Unavailable } from "../rpc.ts";
import { freshForMs } from "./edge-life.ts";

/** Converts the host's refusal for the Worker. */
export function denyResult(refusal: Refusal): LocalResponse | Unavailable {
  if (refusal.kind === "respond") {
    const { status, headers, body, details } = refusal;
    return { kind: "respond", status, headers: flattenHeaders(headers), body, details };
  }
  // Only we abort a request: the filter delayed it for longer than any of its calls may take.
  const reason = refusal.reason === "aborted" ? "filter_timeout" : "filter_failed";
  return { kind: "unavailable", reason, message: `${refusal.reason}: ${refusal.message}${saidLast(refusal)}` };
}

/** What the filter logged last often says why it failed. */
function saidLast({ lastLines = [] }: Extract<Refusal, { kind: "failed" }>): string {
  return lastLines.length === 0 ? "" : `; the filter's last lines: ${lastLines.join(" | ")}`;
}

/** @param forClient what the client gets of an allow, besides the upstream's response */
export function decisionAnswer(
  service: Service,
  decision: Decision,
  forClient: HeaderList = [],
): Continue | LocalResponse | Unavailable {
  if (decision.kind !== "continue") return denyResult(decision);
  const { changes } = decision;
  const allow = { kind: "continue", changes, by: allowedBy(decision) } as const;
  if (forClient.length > 0) return { ...allow, freshForMs: 0, forClient: flattenHeaders(forClient) };
  return { ...allow, freshForMs: freshForMs(service, decision) };
}

/** A refusal by the gateway itself. */
export function ruleDenial(status: number, details: string): LocalResponse {
  return { kind: "respond", status, headers: [], body: new Uint8Array(0), details };
}
