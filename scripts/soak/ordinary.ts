import { randomUUID } from "node:crypto";
import { Agent, request as send } from "node:http";
import type { Random } from "./random.ts";
import type { Reference, Span } from "./reference.ts";
import { isAdmin, type UpstreamServer, userOf } from "./servers.ts";
import { ADMIN_PATH, OPEN_SERVICE, SERVICE_NAMES } from "./services.ts";
import type { Tally } from "./tally.ts";

/** Tokens in repeated use; each is granted and revoked from time to time. */
export const TOKENS: readonly string[] = Array.from({ length: 200 }, (_, n) => `token-${n}`);

export interface Dependencies {
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

const HOST = "api.example";

const UPGRADE_HEADERS = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version": "13",
};

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends one request of an ordinary client, and compares the answer and the upstream's view with the reference. */
export async function askOrdinary(dependencies: Dependencies): Promise<void> {
  const { random, reference, upstream, tally, nowMs, port } = dependencies;
  const ordinary = choose(random);
  const id = randomUUID();
  const startedMs = nowMs();
  const { status, reason } = await answerTo(port, ordinary, id);
  const span = { startedMs, endedMs: nowMs() };
  const served = upstream.take(id);
  tally.answered(ordinary.kind, status);

  const { kind, method, target, token, body } = ordinary;
  const isOpen = target.startsWith(`/${OPEN_SERVICE}/`) && reference.mayBeOpen(span);
  const right = rightStatuses(reference, ordinary, span);
  if (isOpen) right.add(200);
  // An allowed upgrade gets 101.
  if (kind === "upgrade" && right.delete(200)) right.add(101);
  const wrong = (what: string) =>
    tally.wrong(kind, span.endedMs, `${method} ${target} ${token ?? "without a token"}: ${what}`);
  if (!right.has(status)) wrong(`${status} ${reason}, right are ${[...right].join(", ") || "none"}`);
  if (served.length > 1) wrong(`served ${served.length} times`);
  // With 502 the request may have been served before the reply failed.
  if (![200, 101, 502].includes(status) && served.length > 0) wrong(`${status}, but it was served`);
  for (const seen of served) {
    const user = token === undefined ? undefined : userOf(token);
    if (seen.method !== method || seen.target !== target) wrong(`served as ${seen.method} ${seen.target}`);
    if (seen.user !== user && !(isOpen && seen.user === undefined)) wrong(`served as user ${seen.user ?? "none"}`);
    if (seen.token !== token) wrong(`served with the token ${seen.token}`);
    if (seen.host !== HOST) wrong(`served for ${seen.host}`);
    if (seen.body !== body) wrong(`served with another body, of ${seen.body.length} for ${body.length} bytes`);
  }
}

function rightStatuses(reference: Reference, { target, token }: Ordinary, span: Span): Set<number> {
  if (token === undefined) return reference.statusesForPublic(span);
  const isRefusedBy = target.startsWith("/introspection/") ? 401 : 403;
  const statuses = reference.statusesFor(token, span, isRefusedBy);
  if (target.startsWith(ADMIN_PATH) && !isAdmin(token) && statuses.delete(200)) statuses.add(403);
  return statuses;
}

function choose(random: Random): Ordinary {
  const service = random.pick(SERVICE_NAMES);
  const target = `/${service}/${random.below(5)}?q=${random.below(3)}`;
  const roll = random.next();
  if (roll < 0.05) return { kind: "public", method: "GET", target: `/${service}/public`, token: undefined, body: "" };
  const token = random.pick(TOKENS);
  if (roll < 0.15) {
    const body = random.next() < 0.3 ? "" : String(random.below(1_000_000)).repeat(random.below(3_000));
    return { kind: "body", method: random.pick(["POST", "PUT", "PATCH", "DELETE"]), target, token, body };
  }
  if (roll < 0.25) return { kind: "scope", method: "GET", target: `${ADMIN_PATH}/${random.below(3)}`, token, body: "" };
  if (roll < 0.28) return { kind: "upgrade", method: "GET", target, token, body: "" };
  if (roll < 0.33) return { kind: "head", method: "HEAD", target, token, body: "" };
  return { kind: "get", method: "GET", target, token, body: "" };
}

/** The answer to a request; status 0 if there was none. */
interface Answered {
  readonly status: number;
  readonly reason: string;
}

const NO_ANSWER: Answered = { status: 0, reason: "no answer" };

function answerTo(port: number, { kind, method, target, token, body }: Ordinary, id: string): Promise<Answered> {
  const headers: Record<string, string> = { host: HOST, "x-soak-id": id, "x-user": "root" };
  if (body !== "") headers["content-length"] = String(body.length);
  if (kind === "upgrade") Object.assign(headers, UPGRADE_HEADERS);
  headers["cf-connecting-ip"] = `198.51.100.${id.charCodeAt(0)}`;
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  return new Promise((resolve) => {
    const request = send(
      { agent, host: "127.0.0.1", port, method, path: target, headers, timeout: 20_000 },
      (response) => {
        response
          .resume()
          .on("end", () =>
            resolve({ status: response.statusCode ?? 0, reason: String(response.headers["x-ebb-reason"] ?? "") }),
          )
          .on("error", () => resolve(NO_ANSWER));
      },
    );
    request.on("error", () => resolve(NO_ANSWER)).on("timeout", () => request.destroy());
    request.on("upgrade", ({ statusCode = 0 }, socket) => {
      socket.on("error", () => {}).destroy();
      resolve({ status: statusCode, reason: "" });
    });
    request.end(body);
  });
}

export function closeConnections(): void {
  agent.destroy();
}
