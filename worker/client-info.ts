import { validRay } from "../durable/request-trace.ts";
import type { Target } from "./request-target.ts";

/** What the platform, not the client, reports about the client. */
export interface ClientInfo {
  /** Address as the platform saw it; empty if it saw none. */
  readonly clientIp: string;
  readonly host: string;
  readonly proto: string;
}

/** Cloudflare's edge overwrites this header, so a client cannot choose its address. */
export function clientIp(request: Request): string {
  return request.headers.get("cf-connecting-ip") ?? "";
}

/** The request's `cf-ray`; null if it has none. */
export function rayIn(headers: Headers): string | null {
  return validRay(headers.get("cf-ray"));
}

export function clientInfo(request: Request, { host, scheme }: Target): ClientInfo {
  return { clientIp: clientIp(request), host, proto: scheme };
}
