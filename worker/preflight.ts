import type { PreflightAnswer, Service } from "../config/index.ts";
import { allowsOrigin, originHeaders } from "./cors.ts";
import type { Incoming } from "./incoming.ts";
import { errorResponse } from "./replies.ts";
import { namedByConnection } from "./request-headers.ts";

/** An OPTIONS request with these headers is a preflight. */
const PREFLIGHT_HEADERS = ["origin", "access-control-request-method"] as const;

/**
 * A CORS preflight (Fetch standard): browsers send it without credentials or body, so no filter could ever allow it. No
 * browser sends one with `Upgrade`. If `Connection` names one of the preflight headers, that header stops at this hop, and
 * the upstream would see an ordinary OPTIONS.
 */
export function isPreflight({ request, method, body }: Pick<Incoming, "request" | "method" | "body">): boolean {
  const { headers } = request;
  if (method !== "OPTIONS" || body !== null || headers.has("upgrade")) return false;
  const endingHere = namedByConnection(headers);
  return PREFLIGHT_HEADERS.every((name) => headers.has(name) && !endingHere.has(name));
}

/** The preflight without credentials, as browsers send it: no credential reaches the upstream unauthorized. */
export function withoutCredentials(request: Request, { filterKind }: Pick<Service, "filterKind">): Request {
  const headers = new Headers(request.headers);
  headers.delete("authorization");
  headers.delete("cookie");
  for (const credential of filterKind.kind === "other" ? [] : filterKind.credentials) {
    if (credential.from === "header") headers.delete(credential.name);
    if (credential.from === "websocket-protocol") headers.delete("sec-websocket-protocol");
  }
  return new Request(request, { headers });
}

/** The gateway's own answer to a preflight. An origin or method that is not listed gets 403. */
export function preflightReply(request: Request, answer: PreflightAnswer): Response {
  const origin = request.headers.get("origin");
  if (!allowsOrigin(answer, origin)) return errorResponse(403, "cors_origin");
  const method = request.headers.get("access-control-request-method") ?? "";
  if (!answer.methods.includes(method)) return errorResponse(403, "cors_method");
  const headers = new Headers({
    ...originHeaders(answer, origin),
    "access-control-allow-methods": answer.methods.join(", "),
    "access-control-max-age": String(answer.maxAgeSeconds),
    vary: "Origin",
  });
  if (answer.headers.length > 0) headers.set("access-control-allow-headers", answer.headers.join(", "));
  return new Response(null, { status: 204, headers });
}
