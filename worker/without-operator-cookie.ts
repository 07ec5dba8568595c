import { OPERATOR_COOKIE } from "../config/operator-cookie.ts";

/** Name and value. Some servers separate cookies by commas, so a comma ends one too. */
const COOKIE = `${OPERATOR_COOKIE}[ \\t]*(?:=[^;,]*)?`;
const AT_BEGINNING = new RegExp(`^[ \\t]*(?:${COOKIE}(?:[;,][ \\t]*|$))+`);
const AFTER_OTHERS = new RegExp(`[;,][ \\t]*${COOKIE}(?=[;,]|$)`, "g");

/**
 * A `Cookie` header without the operator's cookie, which opens the operator's pages. All other cookies keep their bytes. Null
 * if there are none.
 */
export function withoutOperatorCookie(cookies: string): string | null {
  // For nearly every header, one search for a text is all.
  if (!cookies.includes(OPERATOR_COOKIE)) return cookies;
  const others = cookies.replace(AT_BEGINNING, "").replace(AFTER_OTHERS, "");
  return others === "" ? null : others;
}
