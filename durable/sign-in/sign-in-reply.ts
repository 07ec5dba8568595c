import { isCarriedUnchanged } from "../../config/claim-text.ts";
import type { ForwardAuth } from "../../config/index.ts";
import type { Decision, HeaderChange, HeaderList, OutboundFailure, OutboundResult } from "../../wasm/host/index.ts";

/**
 * What a forward-auth server's reply to a request without a credential means: the same as the filter reads in it
 * (wasm/filter/assembly/forward-auth.ts, reply.ts), which test/sign-in-like-filter.test.ts compares. Pure.
 */

/** As in the filter's limits.ts. */
const MAX_PAGE_BYTES = 65_536;
const MAX_UPSTREAM_VALUE_BYTES = 0xffff;
const MAX_REFUSAL_HEADERS = 128;

const PASSED_ON: ReadonlySet<string> = new Set([
  ...["set-cookie", "www-authenticate", "location", "content-type", "retry-after", "cache-control"],
]);

export function signInDecision(
  result: OutboundResult,
  { upstreamHeaders }: Pick<ForwardAuth, "upstreamHeaders">,
  realm: string,
): Decision {
  if (!result.ok) {
    const reason = REASONS[result.reason];
    return reason === "rate_limited" ? refusal(429, reason, "10") : withoutDecision(reason);
  }
  const { headers, body } = result;
  const sent = valueIn(headers, ":status") ?? "";
  if (!/^[2-5]\d\d$/.test(sent)) return withoutDecision("authorization_server_malformed");
  const status = Number(sent);
  if (status >= 500) {
    const retryAfter = status === 503 ? usableRetryAfter(valueIn(headers, "retry-after")) : undefined;
    return withoutDecision("authorization_server_error", retryAfter);
  }
  if (status >= 300) return passedOn(status, headers, body, realm);
  const changes = upstreamHeaders.map((name): HeaderChange => {
    const value = valueIn(headers, name);
    return { name, values: value === undefined ? [] : [value] };
  });
  // Else the upstream would see another user.
  if (!changes.every(({ values }) => values.every(arrives))) return withoutDecision("authorization_server_malformed");
  return { kind: "continue", changes, calls: 1, paused: true };
}

const REASONS: Readonly<Record<OutboundFailure, string>> = {
  reset: "authorization_server_unreachable",
  timeout: "authorization_server_timeout",
  unreachable: "authorization_server_unreachable",
  failing: "authorization_server_unreachable",
  suspended: "authorization_server_unreachable",
  overflow: "authorization_server_overloaded",
  rate_limited: "rate_limited",
  rejected: "authorization_server_error",
};

/** Repeated lines are joined already, but for cookies (send-call.ts). */
function valueIn(headers: HeaderList, wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1];
}

function arrives(value: string): boolean {
  return isCarriedUnchanged(value) && new TextEncoder().encode(value).length <= MAX_UPSTREAM_VALUE_BYTES;
}

/** The server's own: a redirect to a login with its cookies, a page, or a status for scripts. */
function passedOn(status: number, headers: HeaderList, body: Uint8Array, realm: string): Decision {
  const hasPage = body.byteLength > 0 && body.byteLength <= MAX_PAGE_BYTES;
  const passed = headers
    .filter(([name]) => PASSED_ON.has(name) && (name !== "content-type" || hasPage))
    .slice(0, MAX_REFUSAL_HEADERS);
  if (status === 401 && valueIn(passed, "www-authenticate") === undefined) {
    passed.push(["www-authenticate", `Bearer realm="${realm}"`]);
  }
  if (!hasPage) passed.push(["content-type", "application/json"]);
  return {
    kind: "respond",
    status,
    headers: passed,
    body: hasPage ? body : reasonBody("denied"),
    details: "denied",
    calls: 1,
    paused: true,
  };
}

function usableRetryAfter(value = ""): string | undefined {
  const trimmed = value.trim();
  return /^[\x20-\x7e]{1,32}$/.test(trimmed) ? trimmed : undefined;
}

/** 503: nobody has decided. */
export function withoutDecision(reason: string, retryAfter?: string): Decision {
  return refusal(503, reason, retryAfter ?? (reason === "authorization_server_overloaded" ? "1" : undefined));
}

/** The gateway's own refusal. */
export function refusal(status: number, reason: string, retryAfter?: string): Decision {
  const headers: HeaderList = [
    ["content-type", "application/json"],
    ["cache-control", "no-store"],
    ...(retryAfter === undefined ? [] : [["retry-after", retryAfter] as [string, string]]),
  ];
  return { kind: "respond", status, headers, body: reasonBody(reason), details: reason, calls: 0, paused: true };
}

function reasonBody(reason: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ error: reason }));
}
