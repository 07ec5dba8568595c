import type { Enforcement } from "../config/gateway.ts";
import type { LocalResponse } from "../durable/rpc.ts";

/** The built-in filter's reasons for requests that it cannot read. Those stay refused. */
const UNREADABLE: ReadonlySet<string> = new Set(["header_not_utf8", "request_headers_too_large"]);

/** Whether a filter's response refuses a request that it could read. Redirects do: the client shall log in first. */
export function isRefusal({ status, details }: Pick<LocalResponse, "status" | "details">): boolean {
  return status >= 300 && !UNREADABLE.has(details);
}

/** Whether a refused request passes all the same, because the service only reports (`enforcement`). */
export function passesUnenforced(enforcement: Enforcement, nowMs: number): boolean {
  return enforcement.mode === "report-only" && nowMs < enforcement.untilMs;
}
