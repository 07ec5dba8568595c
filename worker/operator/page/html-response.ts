/** Headers of every page. */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  vary: "accept",
  // Everything comes from this origin, and nothing inline runs: a text that got into the page as markup could do nothing.
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // Without the origin of its own page, a browser sends `Origin: null` with a form, which signing in refuses.
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** A page of the operator's. */
export function htmlResponse(
  html: { toString(): string },
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return new Response(html.toString(), { status, headers: { ...HEADERS, ...headers } });
}
