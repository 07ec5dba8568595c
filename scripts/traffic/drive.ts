import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome, Tally } from "./tally.ts";
import type { PlannedRequest } from "./workload.ts";

/** After so many requests in a row without any answer the gateway counts as gone. */
const GONE_AFTER_FAILURES = 100;
/** No answer is worth waiting longer for; the gateway itself gives up on an authorization server long before. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface DriveOptions {
  origin: string;
  concurrency: number;
  signal: AbortSignal;
}

/**
 * Sends each request at its planned time, however long earlier ones take: slow answers must not thin out the load that
 * makes them slow. While `concurrency` requests wait, those that come due are skipped and counted. Resolves when all
 * that was sent has been answered.
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
      // Overload must still let answers in: a loop that only skips would never yield to them.
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

/** `ECONNREFUSED`, `TimeoutError`, …: fetch wraps the reason of a network failure in a cause. */
function failureReason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error) return "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
  return String(cause);
}
