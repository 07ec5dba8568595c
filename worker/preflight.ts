import type { Cors, Service } from "../config/index.ts";
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

/** What the answer depends on: a cache must not give it to another preflight. */
const VARY = { vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" };

/**
 * The gateway's own answer to a preflight. An origin, method or header that is not allowed gets 403. The question whether a page
 * may reach into a private network (`Access-Control-Request-Private-Network`) is left unanswered: the gateway is on no such network.
 */
export function preflightReply(request: Request, cors: Cors): Response {
  const origin = request.headers.get("origin");
  if (!allowsOrigin(cors, origin)) return errorResponse(403, "cors_origin", VARY);
  const method = request.headers.get("access-control-request-method") ?? "";
  if (!cors.methods.includes(method)) return errorResponse(403, "cors_method", VARY);
  if (!allowsHeaders(cors, request.headers.get("access-control-request-headers"))) {
    return errorResponse(403, "cors_header", VARY);
  }
  const headers = new Headers({
    ...originHeaders(cors, origin),
    "access-control-allow-methods": cors.methods.join(", "),
    "access-control-max-age": String(cors.maxAgeSeconds),
    ...VARY,
  });
  if (cors.headers.length > 0) headers.set("access-control-allow-headers", cors.headers.join(", "));
  return new Response(null, { status: 204, headers });
}

/** @param requested names with commas between them; null: only those that a page may always send */
function allowsHeaders({ headers }: Cors, requested: string | null): boolean {
  const names = (requested ?? "").split(",").map((name) => name.trim().toLowerCase());
  return names.every((name) => name === "" || headers.includes(name));
}
