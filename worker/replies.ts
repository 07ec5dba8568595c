import { unflattenHeaders } from "../durable/flat-headers.ts";
import type { DenyResult, LocalResponse } from "../durable/rpc.ts";
import { rateLimitedLog } from "./rate-limited-log.ts";

/** A request's result: the upstream's response, or the gateway's own reply in its place. */
export type Outcome =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reply: Response };

export function replied(reply: Response): Extract<Outcome, { ok: false }> {
  return { ok: false, reply };
}

/** Whether a request was allowed and then had no response from the upstream. */
export function isFailureOfUpstream({ headers }: Response): boolean {
  return /^(?:upstream_|invalid_path_from_filter$)/.test(headers.get("x-ebb-reason") ?? "");
}

/** An error in the gateway itself: logged here; the client gets only the reason `internal_error`. */
export function internalError(error: unknown): Extract<Outcome, { ok: false }> {
  rateLimitedLog.error(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return replied(errorResponse(503, "internal_error"));
}

/** Statuses whose responses cannot have a body. */
const BODYLESS_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/** The gateway's own response: JSON `{ "error": reason }`, never cached, the reason in a header too (HEAD has no body). */
export function errorResponse(status: number, reason: string, headers: Record<string, string> = {}): Response {
  return Response.json(
    { error: reason },
    { status, headers: { "cache-control": "no-store", "x-ebb-reason": reason, ...headers } },
  );
}

/** The response to a request whose headers cannot be decided on. */
export function badHeaders(reason: "header_not_utf8" | "headers_too_large"): Response {
  return errorResponse(reason === "headers_too_large" ? 431 : 400, reason);
}

/** The client's response if the filter refused the request or no decision was possible. */
export function deniedResponse(service: string, refused: DenyResult): Response {
  if (refused.kind === "respond") return respond(refused);
  rateLimitedLog.error(`${service}: ${refused.reason}: ${refused.message}`);
  return errorResponse(503, refused.reason);
}

/**
 * Keeps caches from keeping a refusal, unless it says itself how long they may: what is right before a login is wrong after it, and
 * browsers keep some statuses by themselves, 301 and 410 even for good (RFC 9111 4.2.2). Changes the reply's headers.
 */
export function unkeptByDefault(reply: Response): Response {
  if (!reply.headers.has("cache-control")) reply.headers.set("cache-control", "no-store");
  return reply;
}

function respond(answer: LocalResponse): Response {
  const headers = new Headers(unflattenHeaders(answer.headers));
  const hasBody = answer.body.byteLength > 0 && !BODYLESS_STATUSES.has(answer.status);
  if (answer.details !== "") headers.set("x-ebb-reason", answer.details);
  return new Response(hasBody ? answer.body : null, { status: answer.status, headers });
}
