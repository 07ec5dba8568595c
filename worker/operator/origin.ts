import type { Operator } from "../../config/gateway.ts";

/** Whether the browser's headers say that a page of another site made the request. */
export function isOfAnotherSite(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = request.headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== new URL(request.url).host;
}

/** Names that every resolver maps to this machine (RFC 6761 6.3), and its loopback addresses. */
export function isThisMachine(url: string): boolean {
  const name = URL.parse(url)?.hostname ?? "";
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** The only origin with sessions, as browsers send it; undefined if there is none. */
export function operatorOrigin({ host }: Operator): string | undefined {
  return host === undefined ? undefined : `https://${host}`;
}

/** Whether the request came to the operator's host: over https, on the usual port, by exactly this name. */
export function isOperatorOrigin(url: string, operator: Operator): boolean {
  const origin = operatorOrigin(operator);
  return origin !== undefined && URL.parse(url)?.origin === origin;
}
