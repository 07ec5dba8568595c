import { env, exports } from "cloudflare:workers";
import type { Env } from "../../durable/environment.ts";
import type { ServiceStats } from "../../durable/service/service-stats.ts";
import type { StatsResponse } from "../../worker/operator/stats-response.ts";
import { clock } from "./clock.ts";

export const testEnv = env as unknown as Env & { AUTHORIZATION: Fetcher; UPSTREAM: Fetcher };
const worker = (exports as unknown as { default: Fetcher }).default;

/** One request to the gateway, with a bearer token if given. */
export function ask(path: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  return worker.fetch(`https://gateway.test${path}`, { redirect: "manual", ...init, headers });
}

/** Number of times that the authorization server was asked about a token. */
export async function checksOf(token: string): Promise<number> {
  const query = new URLSearchParams({ token });
  return (await testEnv.AUTHORIZATION.fetch(`https://auth/checks?${query}`)).json();
}

/** Number of requests that reached the upstream on a path. */
export async function requestsUpstream(path: string): Promise<number> {
  return (await testEnv.UPSTREAM.fetch(`https://upstream/seen?${new URLSearchParams({ path })}`)).json();
}

/** Tells the authorization server the virtual time. */
export async function tellTime(nowMs: number): Promise<void> {
  await testEnv.AUTHORIZATION.fetch(`https://auth/clock?ms=${nowMs}`);
}

/** The response to GET /stats. */
export async function gatewayReport(query = ""): Promise<StatsResponse> {
  return (await ask(`/stats${query}`, "operator-token-of-tests")).json();
}

/** All that an object knows of its service. */
export async function statsOf(name: string): Promise<ServiceStats> {
  const query = new URLSearchParams({ service: name });
  const response = await testEnv.SERVICE_OBJECT.getByName(name).fetch(`https://object/stats?${query}`);
  if (!response.ok) throw new Error(`no stats of ${name}: ${await response.text()}`);
  return response.json();
}

/** Lets virtual time pass. */
export function pass(ms: number): void {
  clock.nowMs += ms;
}

/** Waits until the work that the gateway does after an answer is done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
