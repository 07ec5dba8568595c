/**
 * Syntax of the paths in the configuration. A prefix is compared with the path as received, so it must have exactly one
 * spelling: only unreserved characters (RFC 3986 2.3), because the gateway refuses requests that percent-encode them.
 */

const PREFIX = /^(?:\/[A-Za-z0-9._~-]+)+$/;

/** Undefined if a text is a canonical prefix; else a phrase that says what is allowed. */
export function whyNotPrefix(prefix: string): string | undefined {
  if (prefix === "/") return undefined;
  if (!prefix.startsWith("/")) return 'a path that begins with "/"';
  if (prefix.endsWith("/")) return 'a path without a "/" at its end; it covers everything below it anyway';
  if (prefix.includes("//")) return "a path without empty segments";
  if (hasDotSegment(prefix)) return 'a path without "." and ".." segments';
  if (/\.(?:\/|$)/.test(prefix)) return 'a path whose segments do not end in ".", which some servers drop';
  if (!PREFIX.test(prefix)) {
    return "a path of the characters A-Z a-z 0-9 - . _ ~ only; others have two spellings (percent-encoded and not)";
  }
  return undefined;
}

export function hasDotSegment(path: string): boolean {
  return path.split("/").some((segment) => segment === "." || segment === "..");
}

/** True if the path is the prefix itself or below it: `/orders` covers `/orders/1`, not `/ordersX`. */
export function prefixCovers(prefix: string, path: string): boolean {
  if (prefix === "/") return path.startsWith("/");
  return path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f);
}
