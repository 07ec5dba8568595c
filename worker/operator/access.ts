import type { Operator } from "../../config/gateway.ts";
import { type OperatorToken, readTokens, type VisibleServices } from "../../config/operator-tokens.ts";
import { type Env, isDevelopment, secretNamed } from "../../durable/environment.ts";
import { clientGroup } from "../../durable/request/client-group.ts";
import { clientIp } from "../client-info.ts";
import type { FailedAttempts } from "./failed-attempts.ts";
import { matchingToken } from "./matching-token.ts";
import { isOperatorOrigin, isThisMachine, operatorOrigin } from "./origin.ts";
import { tokenOfSession } from "./session.ts";

/** Whether a request may see the operator's pages, and for which services; or why not. */
export type Access =
  | { readonly ok: true; readonly services: VisibleServices; readonly hasSession: boolean }
  | {
      readonly ok: false;
      readonly reason: "operator_token_required" | "operator_token_unusable" | "not_this_machine" | "wrong_origin";
    }
  | PausedAccess;

interface PausedAccess {
  readonly ok: false;
  readonly reason: "too_many_attempts";
  readonly pauseMs: number;
}

/** A token that was given, or why it opens nothing. */
export type TokenCheck =
  | { readonly ok: true; readonly token: OperatorToken }
  | { readonly ok: false; readonly reason: "operator_token_required" | "operator_token_unusable" }
  | PausedAccess;

const READING_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Requires a token; or on the operator's host, without an `Authorization` header, a session. With `EBB_DEV=1` neither is
 * needed, but the request must name this machine. Otherwise the Host header does not count: any client can send
 * `Host: localhost`.
 */
export async function accessOf(
  request: Request,
  env: Env,
  operator: Operator,
  attempts: FailedAttempts,
  nowMs: number,
): Promise<Access> {
  // A page's own name can resolve to this machine (DNS rebinding); the page is then of the same origin.
  if (isDevelopment(env)) {
    return isThisMachine(request.url)
      ? { ok: true, services: "all", hasSession: false }
      : { ok: false, reason: "not_this_machine" };
  }
  const authorization = request.headers.get("authorization");
  const ofSession = authorization === null ? await sessionOf(request, env, operator, nowMs) : undefined;
  if (ofSession !== undefined) {
    // The browser adds the cookie by itself, so the request must show that the operator's own page made it.
    const isOwn = READING_METHODS.has(request.method) || request.headers.get("origin") === operatorOrigin(operator);
    return isOwn ? { ok: true, services: ofSession.services, hasSession: true } : { ok: false, reason: "wrong_origin" };
  }
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  const checked = await checkToken(given, request, env, operator, attempts, nowMs);
  return checked.ok ? { ok: true, services: checked.token.services, hasSession: false } : checked;
}

/** The token of the request's session; undefined if it has none. Only on the operator's host. */
export async function sessionOf(
  request: Request,
  env: Env,
  operator: Operator,
  nowMs: number,
): Promise<OperatorToken | undefined> {
  const { host } = operator;
  const cookies = request.headers.get("cookie");
  if (host === undefined || cookies === null || !isOperatorOrigin(request.url, operator)) return undefined;
  return tokenOfSession(cookies, readTokens((name) => secretNamed(env, name), operator).usable, host, nowMs);
}

/** Checks a token, and makes a client that guesses wait. */
export async function checkToken(
  given: string | undefined,
  request: Request,
  env: Env,
  operator: Operator,
  attempts: FailedAttempts,
  nowMs: number,
): Promise<TokenCheck> {
  const group = clientGroup(clientIp(request));
  const pauseMs = attempts.pauseMs(group, nowMs);
  if (pauseMs > 0) return { ok: false, reason: "too_many_attempts", pauseMs };
  const { usable, problems } = readTokens((name) => secretNamed(env, name), operator);
  const isUnusable = problems.some(({ secret }) => secret === operator.tokenSecret);
  const refusal = { ok: false, reason: isUnusable ? "operator_token_unusable" : "operator_token_required" } as const;
  if (given === undefined || usable.length === 0) return refusal;
  const token = await matchingToken(usable, given);
  if (token === undefined) {
    attempts.failed(group, nowMs);
    return refusal;
  }
  // With the token of one service, nobody gets more tries at that of all.
  if (token.services === "all") attempts.succeeded(group);
  return { ok: true, token };
}
