import type { PreflightAnswer, Service } from "../config/index.ts";

/** Headers of a refusal that a script may read: why it was refused, and when to retry. */
const EXPOSED_HEADERS = "www-authenticate, retry-after, x-ebb-reason";

/** Whether pages of this origin may call the service. Null: the request names no origin. */
export function allowsOrigin({ origins }: PreflightAnswer, origin: string | null): origin is string {
  return (
    origin !== null && origins.some((pattern) => pattern === origin || pattern === "*" || isBelow(pattern, origin))
  );
}

/** Whether the pattern is of the form `https://*.example.com` and the origin one of its subdomains. */
function isBelow(pattern: string, origin: string): boolean {
  const star = pattern.indexOf("*.");
  if (star < 0) return false;
  const scheme = pattern.slice(0, star);
  const domain = pattern.slice(star + 1);
  const name = origin.slice(scheme.length, -domain.length);
  return origin.startsWith(scheme) && origin.endsWith(domain) && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name);
}

/** The headers that let a page of a listed origin read a response (Fetch standard, CORS protocol). */
export function originHeaders(answer: PreflightAnswer, origin: string): Record<string, string> {
  return {
    "access-control-allow-origin": origin,
    ...(answer.credentials ? { "access-control-allow-credentials": "true" } : {}),
  };
}

/**
 * Lets a page of a listed origin read a reply that the upstream did not send. Without it the page could not tell an expired
 * token from a broken network. The upstream sets these headers on its own replies. Changes the reply's headers.
 */
export function openToListedOrigins(reply: Response, request: Request, { preflight }: Service): Response {
  if (typeof preflight === "string") return reply;
  const { headers } = reply;
  // A shared cache must not give one origin's reply to another. Answers to preflights already have this header.
  if (!/(?:^|,)\s*origin\s*(?:,|$)/i.test(headers.get("vary") ?? "")) headers.append("vary", "Origin");
  const origin = request.headers.get("origin");
  if (!allowsOrigin(preflight.answer, origin) || headers.has("access-control-allow-origin")) return reply;
  for (const [name, value] of Object.entries(originHeaders(preflight.answer, origin))) headers.set(name, value);
  headers.set("access-control-expose-headers", EXPOSED_HEADERS);
  return reply;
}
