import { type Env, secretNamed } from "../../durable/environment.ts";

/**
 * Whether a request may see the operator's pages: with the operator token, or always where `EBB_DEV` is 1. The Host
 * header has no say: any client can send `Host: localhost`.
 */
export async function mayOperate(request: Request, env: Env, tokenSecret: string): Promise<boolean> {
  if (env.EBB_DEV === "1") return true;
  const expected = secretNamed(env, tokenSecret);
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (expected === undefined || given === undefined) return false;
  // Digests are of one length, so that the comparison tells neither the token's content nor its length.
  const [a, b] = await Promise.all([digest(given), digest(expected)]);
  return crypto.subtle.timingSafeEqual(a, b);
}

/** Whether a browser says that a page of another site made the request. */
export function isOfAnotherSite(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = request.headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== new URL(request.url).host;
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
