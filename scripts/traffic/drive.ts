import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome, Tally } from "./tally.ts";
import type { PlannedRequest } from "./workload.ts";

/** After this many requests in a row without an answer, the gateway counts as gone. */
const GONE_AFTER_FAILURES = 100;
/** Longest wait for an answer; the gateway gives up on an authorization server long before. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface DriveOptions {
  origin: string;
  concurrency: number;
  signal: AbortSignal;
}

/**
 * Sends each request at its planned time, however long earlier ones take: slow answers must not reduce the load that makes
 * them slow. While `concurrency` requests wait, skips and counts those that come due. Resolves when all sent requests have
 * their answer.
 *
 * @returns how the run ended
 */
export async function drive(
  workload: Iterable<PlannedRequest>,
  tally: Tally,
  options: DriveOptions,
): Promise<"finished" | "stopped" | "gateway gone"> {
  const startMs = performance.now();
  const waiting = new Set<Promise<void>>();
  const ending = () => {
    if (options.signal.aborted) return "stopped";
    return tally.failuresInARow >= GONE_AFTER_FAILURES ? "gateway gone" : undefined;
  };
  for (const request of workload) {
    const waitMs = startMs + request.atMs - performance.now();
    if (waitMs > 1) await sleep(waitMs, undefined, { signal: options.signal }).catch(() => undefined);
    if (ending() !== undefined) break;
    if (waiting.size >= options.concurrency) {
      tally.skipped++;
      // Yields to answers even under overload, when the loop only skips.
      await sleep(0);
      continue;
    }
    const sent = send(request, options.origin).then((outcome) => {
      tally.record(request.expected, outcome);
      waiting.delete(sent);
    });
    waiting.add(sent);
  }
  const end = ending() ?? "finished";
  await Promise.all(waiting);
  return end;
}

async function send({ path, token }: PlannedRequest, origin: string): Promise<Outcome> {
  const sentMs = performance.now();
  try {
    const response = await fetch(origin + path, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return { kind: "answered", status: response.status, latencyMs: performance.now() - sentMs };
  } catch (error) {
    return { kind: "failed", reason: failureReason(error) };
  }
}

/** `ECONNREFUSED`, `TimeoutError`, …: fetch puts the reason of a network failure into `cause`. */
function failureReason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error) return "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
  return String(cause);
}
