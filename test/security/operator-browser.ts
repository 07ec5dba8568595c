import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import { headerOf, type RawResponse } from "./raw-client.ts";
import type { SecurityGateway } from "./start-gateway.ts";

/** What a browser sends to the operator's pages, and cookies that a gateway did not make. */

export const OPERATOR_HOST = "ops.example.com";
export const COOKIE = "__Host-ebb-operator";

/** For `startGateway`: the scheme is in the header, because bare workerd speaks no TLS here. */
export const PROTO_HEADER = "x-test-proto";

export function onHost(host: string, ...headers: string[]): string[] {
  return [`Host: ${host}`, `${PROTO_HEADER}: https`, ...headers];
}

export const ORIGIN = `Origin: https://${OPERATOR_HOST}`;
export const FORM = "Content-Type: application/x-www-form-urlencoded";

interface SignIn {
  readonly host?: string;
  /** Header lines in place of those of the operator's own page. */
  readonly headers?: readonly string[];
  readonly target?: string;
  readonly body?: string;
}

/** Submits the form. */
export function signIn(gateway: SecurityGateway, token: string, { host, headers, target, body }: SignIn = {}) {
  const form = body ?? new URLSearchParams({ token }).toString();
  return gateway.send({
    method: "POST",
    target: target ?? "/stats/sign-in",
    headers: [...onHost(host ?? OPERATOR_HOST, ...(headers ?? [ORIGIN, FORM])), `Content-Length: ${form.length}`],
    body: form,
  });
}

/** The value of the cookie that a response sets. */
export function sessionIn(response: RawResponse): string {
  const value = new RegExp(`^${COOKIE}=([^;]+)`).exec(headerOf(response, "set-cookie") ?? "")?.[1];
  if (value === undefined) throw new Error(`no session in ${response.bytes}`);
  return value;
}

/** A session as the gateway would make it; written a second time, from its description. */
export function madeSession(
  token: string,
  { secret = "OPERATOR_TOKEN", host = OPERATOR_HOST, expiryMs = Date.now() + 60_000 } = {},
): string {
  const key = Buffer.from(hkdfSync("sha256", token, "", "ebb operator session", 32));
  const claims = `${secret}.${expiryMs}.${randomBytes(16).toString("base64url")}`;
  return `${claims}.${createHmac("sha256", key).update(`${host}\n${claims}`).digest("base64url")}`;
}
