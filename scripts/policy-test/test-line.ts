import { METHODS } from "node:http";
import * as v from "valibot";
import { methodName } from "../../config/schema/values.ts";
import { nearestName } from "../../config/suggest.ts";
import { KNOWN_REASONS, statusesOf } from "./reasons.ts";
import { USER_NAME } from "./user-name.ts";

/** The language of a test in one line: `POST /orders/1 as ann -> 403 no_rule`. */

export interface RequestLine {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
}

export type Decision =
  /** The upstream gets the request; `isPublic`: by a public rule. */
  | { readonly kind: "allow"; readonly isPublic: boolean }
  /** The client gets this status, from the gateway. Without a reason, any. */
  | { readonly kind: "refuse"; readonly status: number; readonly reason?: string | undefined };

export interface TestLine {
  readonly request: RequestLine;
  readonly as?: string | undefined;
  readonly decision: Decision;
}

/** Why a text cannot be read, as a phrase for what is allowed. */
export interface Unreadable {
  readonly allowed: string;
}

const FORM = "METHOD /path as USER -> DECISION";

export function parseTestLine(line: string): TestLine | Unreadable {
  const [, asking, decided] = /^(.*?)\s*(?:->|→)\s*(.*)$/s.exec(line.trim()) ?? [];
  if (asking === undefined || decided === undefined) return { allowed: `a text like "${FORM}"; the arrow is missing` };
  const user = /^(.*?)\s+as(?:\s+(\S*))?$/s.exec(asking);
  const requested = user === null ? asking : user[1]!;
  const as = user === null ? undefined : (user[2] ?? "");
  const request = parseRequestLine(requested);
  if ("allowed" in request) return request;
  if (as !== undefined && !USER_NAME.test(as)) return { allowed: `the name of a user after "as", not ${quoted(as)}` };
  const decision = parseDecision(decided);
  return "allowed" in decision ? decision : { request, as, decision };
}

export function parseRequestLine(text: string): RequestLine | Unreadable {
  const [method = "", target, ...more] = text.trim().split(/\s+/);
  if (target === undefined || more.length > 0)
    return { allowed: `a text like "${FORM}", not ${quoted(text)} before it` };
  const wrong = v.safeParse(methodName, method);
  if (!wrong.success) return { allowed: wrong.issues[0].message };
  if (!METHODS.includes(method))
    return { allowed: `a method other than ${method}, which Node's HTTP server does not know` };
  if (!/^\/[\x21-\x7e]*$/.test(target)) {
    return { allowed: `a path that begins with "/", other characters percent-encoded, not ${quoted(target)}` };
  }
  return { method, target };
}

export function parseDecision(text: string): Decision | Unreadable {
  const trimmed = text.trim();
  if (trimmed === "allow") return { kind: "allow", isPublic: false };
  if (/^allow\s*\(public\)$/.test(trimmed)) return { kind: "allow", isPublic: true };
  const [, digits, reason] = /^(\d+)(?:\s+(\S+))?$/.exec(trimmed) ?? [];
  if (digits === undefined) {
    return { allowed: `"allow", "allow (public)", or a status and a reason like "403 no_rule", not ${quoted(text)}` };
  }
  const status = Number(digits);
  if (status < 200 || status > 599) return { allowed: `a status from 200 to 599, not ${digits}` };
  return { kind: "refuse", status, reason };
}

/** Why the gateway can never give this status with this reason, or undefined. Filters of a user's own give any. */
export function whyNeverDecided(decision: Decision): string | undefined {
  if (decision.kind === "allow" || decision.reason === undefined) return undefined;
  const { status, reason } = decision;
  const statuses = statusesOf(reason);
  if (statuses === undefined) {
    const nearest = nearestName(reason, KNOWN_REASONS);
    return `a reason that the gateway gives${nearest === undefined ? "" : ` (did you mean "${nearest}"?)`}`;
  }
  if (statuses === "any" || statuses.includes(status)) return undefined;
  return `${statuses.join(" or ")} ${reason}; the gateway never gives this reason with ${status}`;
}

export function decisionText(decision: Decision): string {
  if (decision.kind === "allow") return decision.isPublic ? "allow (public)" : "allow";
  return decision.reason === undefined ? String(decision.status) : `${decision.status} ${decision.reason}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
