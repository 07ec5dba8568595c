import type { Cors, Service } from "../config/index.ts";

/** Headers of a refusal that a script may read: why it was refused, and when to retry. */
const EXPOSED_HEADERS = ["www-authenticate", "retry-after", "x-ebb-reason"];

/** No host name is longer than 253 characters, and a port has five digits. */
const MAX_ORIGIN_CHARACTERS = 270;

/**
 * Whether pages of this origin may call the service. `null`, the origin of sandboxed frames and local files, is only allowed
 * where all are: any site can make a frame that has it.
 *
 * @param origin null: the request names none
 */
export function allowsOrigin({ origins }: Cors, origin: string | null): origin is string {
  return (
    origin !== null && origins.some((pattern) => pattern === origin || pattern === "*" || isBelow(pattern, origin))
  );
}

/** Whether the pattern is of the form `https://*.example.com` and the origin one of its subdomains. */
function isBelow(pattern: string, origin: string): boolean {
  const star = pattern.indexOf("*.");
  if (star < 0 || origin.length > MAX_ORIGIN_CHARACTERS) return false;
  const scheme = pattern.slice(0, star);
  const domain = pattern.slice(star + 1);
  const name = origin.slice(scheme.length, -domain.length);
  return origin.startsWith(scheme) && origin.endsWith(domain) && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name);
}

/** The headers that let a page of an allowed origin read a response (Fetch standard, CORS protocol). */
export function originHeaders({ origins, credentials }: Cors, origin: string): Record<string, string> {
  return {
    "access-control-allow-origin": origins.includes("*") ? "*" : origin,
    ...(credentials ? { "access-control-allow-credentials": "true" } : {}),
  };
}

/**
 * Lets a page of an allowed origin read a reply that the upstream did not send. Without it the page could not tell an expired
 * token from a broken network. The upstream sets these headers on its own replies. Changes the reply's headers.
 */
export function openToListedOrigins(reply: Response, request: Request, { cors }: Pick<Service, "cors">): Response {
  if (cors === undefined) return reply;
  const { headers } = reply;
  // A shared cache must not give one origin's reply to another. Answers to preflights already have this header.
  if (!/(?:^|,)\s*origin\s*(?:,|$)/i.test(headers.get("vary") ?? "")) headers.append("vary", "Origin");
  const origin = request.headers.get("origin");
  if (!allowsOrigin(cors, origin) || headers.has("access-control-allow-origin")) return reply;
  for (const [name, value] of Object.entries(originHeaders(cors, origin))) headers.set(name, value);
  headers.set("access-control-expose-headers", [...new Set([...EXPOSED_HEADERS, ...cors.exposedHeaders])].join(", "));
  return reply;
}
