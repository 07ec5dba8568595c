import { randomUUID } from "node:crypto";
import { Agent, request as send } from "node:http";
import type { Random } from "./random.ts";
import type { Reference } from "./reference.ts";
import { type UpstreamServer, userOf } from "./servers.ts";
import { SERVICE_NAMES } from "./services.ts";
import type { Tally } from "./tally.ts";

/** Tokens that come again and again; each is granted and revoked from time to time. */
export const TOKENS: readonly string[] = Array.from({ length: 200 }, (_, n) => `token-${n}`);

export interface Surroundings {
  readonly port: number;
  readonly random: Random;
  readonly reference: Reference;
  readonly upstream: UpstreamServer;
  readonly tally: Tally;
  readonly nowMs: () => number;
}

interface Ordinary {
  readonly kind: string;
  readonly method: string;
  readonly target: string;
  readonly token: string | undefined;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One request of an ordinary client, compared with the reference at both ends. */
export async function askOrdinary(surroundings: Surroundings): Promise<void> {
  const { random, reference, upstream, tally, nowMs, port } = surroundings;
  const ordinary = choose(random);
  const id = randomUUID();
  const startedMs = nowMs();
  const status = await statusOf(port, ordinary, id);
  const span = { startedMs, endedMs: nowMs() };
  const served = upstream.take(id);
  tally.answered(ordinary.kind, status);

  const { kind, method, target, token, body } = ordinary;
  const right =
    token === undefined
      ? reference.statusesForPublic(span)
      : reference.statusesFor(token, span, target.startsWith("/introspection/") ? 401 : 403);
  const wrong = (what: string) =>
    tally.wrong(kind, span.endedMs, `${method} ${target} ${token ?? "without a token"}: ${what}`);
  if (!right.has(status)) wrong(`${status}, right are ${[...right].join(", ") || "none"}`);
  if (served.length > 1) wrong(`served ${served.length} times`);
  // A reply that broke off may have been served.
  if (status !== 200 && status !== 502 && served.length > 0) wrong(`${status}, and yet it was served`);
  for (const seen of served) {
    const user = token === undefined ? undefined : userOf(token);
    if (seen.method !== method || seen.target !== target) wrong(`served as ${seen.method} ${seen.target}`);
    if (seen.user !== user) wrong(`served as ${seen.user ?? "nobody"}`);
    if (seen.bodyBytes !== body.length) wrong(`served with ${seen.bodyBytes} of ${body.length} bytes`);
  }
}

function choose(random: Random): Ordinary {
  const service = random.pick(SERVICE_NAMES);
  const target = `/${service}/${random.below(5)}?q=${random.below(3)}`;
  const roll = random.next();
  if (roll < 0.05) return { kind: "public", method: "GET", target: `/${service}/public`, token: undefined, body: "" };
  const token = random.pick(TOKENS);
  if (roll < 0.15)
    return {
      kind: "post",
      method: "POST",
      target,
      token,
      body: random.next() < 0.3 ? "" : "b".repeat(random.below(20_000)),
    };
  if (roll < 0.2) return { kind: "head", method: "HEAD", target, token, body: "" };
  return { kind: "get", method: "GET", target, token, body: "" };
}

/** 0 where no response came. */
function statusOf(port: number, { method, target, token, body }: Ordinary, id: string): Promise<number> {
  const headers: Record<string, string> = { host: "api.example", "x-soak-id": id, "x-user": "root" };
  headers["cf-connecting-ip"] = `198.51.100.${id.charCodeAt(0)}`;
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  return new Promise((resolve) => {
    const request = send(
      { agent, host: "127.0.0.1", port, method, path: target, headers, timeout: 20_000 },
      (response) => {
        response
          .resume()
          .on("end", () => resolve(response.statusCode ?? 0))
          .on("error", () => resolve(0));
      },
    );
    request.on("error", () => resolve(0)).on("timeout", () => request.destroy());
    request.end(body);
  });
}

export function closeConnections(): void {
  agent.destroy();
}
