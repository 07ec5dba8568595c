import { base64url } from "jose";
import { OPERATOR_COOKIE } from "../../config/operator-cookie.ts";
import type { OperatorToken } from "../../config/operator-tokens.ts";

/**
 * Sessions of browsers on the operator's host. A cookie stands for the token that was given, without its value:
 *
 *     NAME.EXPIRY.ID.MAC
 *
 * the name of the token's secret, the time of expiry (ms since 1970), 16 random bytes, and an HMAC-SHA-256 over host, name,
 * expiry and ID. Its key is derived from the token (HKDF), so a new token ends all sessions of the old one. Nothing is stored.
 */

export const SESSION_SECONDS = 3_600;

const ID_BYTES = 16;
const VALUE = /^([A-Za-z_][A-Za-z0-9_]*)\.(\d{1,16})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";

/** The `Set-Cookie` of a new session. */
export async function sessionCookie(token: OperatorToken, host: string, nowMs: number): Promise<string> {
  const expiry = String(Math.floor(nowMs) + SESSION_SECONDS * 1_000);
  const id = base64url.encode(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  const claims = `${token.secret}.${expiry}.${id}`;
  const mac = await crypto.subtle.sign("HMAC", await keyOf(token), signedText(host, claims));
  const value = `${claims}.${base64url.encode(new Uint8Array(mac))}`;
  return `${OPERATOR_COOKIE}=${value}; Max-Age=${SESSION_SECONDS}; ${ATTRIBUTES}`;
}

/** The `Set-Cookie` that ends a session in the browser. */
export const NO_SESSION_COOKIE = `${OPERATOR_COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;

/**
 * The token that a request's cookie stands for. A cookie that is expired, changed, sent twice, or of another host or another
 * token is none.
 *
 * @param cookies the `Cookie` header
 */
export async function tokenOfSession(
  cookies: string,
  tokens: readonly OperatorToken[],
  host: string,
  nowMs: number,
): Promise<OperatorToken | undefined> {
  const parts = VALUE.exec(cookieValue(cookies) ?? "");
  if (parts === null) return undefined;
  const [, name, expiry, id, mac] = parts as unknown as [string, string, string, string, string];
  const token = tokens.find(({ secret }) => secret === name);
  if (token === undefined || nowMs >= Number(expiry)) return undefined;
  const bytes = new Uint8Array(base64url.decode(mac));
  // The last character has bits that no byte needs: without this, some changed cookies would pass.
  if (base64url.encode(bytes) !== mac) return undefined;
  const key = await keyOf(token);
  // In constant time.
  const isGenuine = await crypto.subtle.verify("HMAC", key, bytes, signedText(host, `${name}.${expiry}.${id}`));
  return isGenuine ? token : undefined;
}

/** The value of the cookie, if the header has its name once. */
function cookieValue(cookies: string): string | undefined {
  const at = cookies.indexOf(OPERATOR_COOKIE);
  if (at < 0 || at !== cookies.lastIndexOf(OPERATOR_COOKIE)) return undefined;
  const before = cookies.slice(0, at).trimEnd();
  if (before !== "" && !before.endsWith(";")) return undefined;
  const [pair = ""] = cookies.slice(at).split(";", 1);
  const value = pair.slice(OPERATOR_COOKIE.length);
  return value.startsWith("=") ? value.slice(1).trimEnd() : undefined;
}

function signedText(host: string, claims: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(`${host}\n${claims}`));
}

/** HKDF with SHA-256 (RFC 5869). */
async function keyOf({ value }: OperatorToken): Promise<CryptoKey> {
  const text = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", text.encode(value), "HKDF", false, ["deriveKey"]);
  const parameters = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(0),
    info: text.encode("ebb operator session"),
  };
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(parameters, material, hmac, false, ["sign", "verify"]);
}
