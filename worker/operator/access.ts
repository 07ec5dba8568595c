import { operatorTokenProblem } from "../../config/operator-token.ts";
import { type Env, isDevelopment, secretNamed } from "../../durable/environment.ts";
import { clientGroup } from "../../durable/request/client-group.ts";
import { clientIp } from "../client-info.ts";
import type { FailedAttempts } from "./failed-attempts.ts";

/** Whether a request may see the operator's pages, or why not. */
export type Access =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "operator_token_required" | "operator_token_unusable" | "not_this_machine" }
  | { readonly ok: false; readonly reason: "too_many_attempts"; readonly pauseMs: number };

/**
 * Requires the operator token. With `EBB_DEV=1` no token is needed, but the request must name this machine. Otherwise the
 * Host header does not count: any client can send `Host: localhost`.
 */
export async function accessOf(
  request: Request,
  env: Env,
  tokenSecret: string,
  attempts: FailedAttempts,
  nowMs: number,
): Promise<Access> {
  // A page's own name can resolve to this machine (DNS rebinding); the page is then of the same origin.
  if (isDevelopment(env)) return isThisMachine(request.url) ? { ok: true } : { ok: false, reason: "not_this_machine" };
  const group = clientGroup(clientIp(request));
  const pauseMs = attempts.pauseMs(group, nowMs);
  if (pauseMs > 0) return { ok: false, reason: "too_many_attempts", pauseMs };
  const expected = secretNamed(env, tokenSecret);
  if (expected !== undefined && operatorTokenProblem(expected) !== undefined) {
    return { ok: false, reason: "operator_token_unusable" };
  }
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (expected === undefined || given === undefined) return { ok: false, reason: "operator_token_required" };
  // Digests have one length, so the comparison's time reveals neither the token's content nor its length.
  const [a, b] = await Promise.all([digest(given), digest(expected)]);
  if (crypto.subtle.timingSafeEqual(a, b)) {
    attempts.succeeded(group);
    return { ok: true };
  }
  attempts.failed(group, nowMs);
  return { ok: false, reason: "operator_token_required" };
}

/** Whether the browser's headers say that a page of another site made the request. */
export function isOfAnotherSite(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = request.headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== new URL(request.url).host;
}

/** Names that every resolver maps to this machine (RFC 6761 6.3), and its loopback addresses. */
function isThisMachine(url: string): boolean {
  const name = URL.parse(url)?.hostname ?? "";
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
