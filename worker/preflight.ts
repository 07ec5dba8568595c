import type { PreflightAnswer } from "../config/index.ts";
import { refuse } from "./replies.ts";

/** A CORS preflight (Fetch standard): browsers send it without credentials or body, so no filter could ever allow it. */
export function isPreflight(request: Request): boolean {
  return (
    request.method === "OPTIONS" &&
    request.body === null &&
    request.headers.has("origin") &&
    request.headers.has("access-control-request-method")
  );
}

/** The preflight as a browser would have sent it: nobody's credential passes unauthorized under its name. */
export function withoutCredentials(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete("authorization");
  headers.delete("cookie");
  return new Request(request, { headers });
}

/** The gateway's own answer to a preflight. An origin, method or header that is not listed gets 403 and no permission. */
export function preflightReply(request: Request, answer: PreflightAnswer): Response {
  const origin = request.headers.get("origin") ?? "";
  if (!answer.origins.includes(origin) && !answer.origins.includes("*")) return refuse(403, "cors_origin");
  const method = request.headers.get("access-control-request-method") ?? "";
  if (!answer.methods.includes(method)) return refuse(403, "cors_method");
  const headers = new Headers({
    "access-control-allow-origin": origin,
    "access-control-allow-methods": answer.methods.join(", "),
    "access-control-max-age": String(answer.maxAgeSeconds),
    vary: "Origin",
  });
  if (answer.headers.length > 0) headers.set("access-control-allow-headers", answer.headers.join(", "));
  if (answer.credentials) headers.set("access-control-allow-credentials", "true");
  return new Response(null, { status: 204, headers });
}
