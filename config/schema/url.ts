import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import { explainedText } from "./fields.ts";

/** An upstream's URL: http(s), optionally with a path, which is put before the request's. Resolved without trailing slash. */
export const upstreamUrl = v.pipe(
  explainedText("an http(s) URL, or a binding in its place", whyNotUrl, CONFIG_LIMITS.maxTextLength),
  v.transform(withoutTrailingSlash),
);

/** An authorization server's origin; `authorization` has the path of the call. */
export const originUrl = v.pipe(
  explainedText(
    "an http(s) URL, or a binding in its place",
    (value) => whyNotUrl(value) ?? whyNotOrigin(value),
    CONFIG_LIMITS.maxTextLength,
  ),
  v.transform(withoutTrailingSlash),
);

/**
 * An origin as browsers send it: lower case, without default port and trailing slash. Its first label may be `*`, for one or
 * more labels, if at least two follow: all of `.com` is never intended.
 */
export function isOriginPattern(value: string): boolean {
  const [, domain] = /^https?:\/\/\*\.([^:]+)/.exec(value) ?? [];
  if (domain !== undefined && !domain.includes(".")) return false;
  const origin = value.replace("://*.", "://x.");
  return !origin.includes("*") && whyNotUrl(origin) === undefined && new URL(origin).origin === origin;
}

/** Whether a text can be the issuer of an authorization server, below whose address its metadata are (RFC 8414 2 and 3). */
export function isIssuerUrl(value: string): boolean {
  return /^https?:\/\/[^/?#@\\\s]+(?:\/[^?#\\\s]*)?$/.test(value) && URL.canParse(value);
}

/** Phrases do not repeat the value: it may be that of a variable, and that a secret by mistake. */
function whyNotUrl(value: string): string | undefined {
  if (!/^https?:\/\/[^/]/i.test(value)) return "an http(s) URL with a host";
  if (!URL.canParse(value)) return "a valid http(s) URL";
  // Checked in the text: parsing a URL removes an empty query, an empty fragment and backslashes.
  if (/[?#\\\s]|\p{Cc}/u.test(value)) return "a URL without query, fragment, backslash and spaces";
  const url = new URL(value);
  if (url.username !== "" || url.password !== "" || value.includes("@")) {
    return "a URL without user name and password; send credentials in a header whose value is a secret";
  }
  const path = value.replace(/^https?:\/\/[^/]*/i, "");
  if (path !== "" && path !== url.pathname) {
    return "a URL whose path is written as it is sent, percent-encoded and without dot segments";
  }
  if (path.includes("//")) return "a URL whose path has no empty segments";
  return undefined;
}

function whyNotOrigin(value: string): string | undefined {
  return new URL(value).pathname === "/"
    ? undefined
    : "a URL without path; the path belongs to the call, in authorization";
}

function withoutTrailingSlash(value: string): string {
  const { origin, pathname } = new URL(value);
  return origin + (pathname.endsWith("/") ? pathname.slice(0, -1) : pathname);
}
