import { describe, expect, inject, it } from "vitest";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { ask, settled, statsOf, tellTime } from "./workerd/client.ts";
import { clock } from "./workerd/clock.ts";
import "./workerd/trace.setup.ts";

const BATCH = 32;
/** The default `cache.maxTtlMs`, and a second for the filter to notice that an entry has expired. */
const LONGEST_LIFE_MS = 600_000 + 1_000;

interface Expected {
  readonly status: readonly number[];
  readonly user: string;
}

/**
 * The reference: the correct answers to a client's request at a moment, computed without cache, filter or restart.
 * Every ninth client is unknown, every eleventh is denied, and every seventh loses its permission at some moment. After
 * that moment, a cached decision may still allow the client, but for no longer than `LONGEST_LIFE_MS`.
 */
function reference(startMs: number, spanMs: number) {
  const lostAtMs = (client: number) => startMs + ((client * 7_919) % 1_000) * (spanMs / 1_000);
  const tokenOf = (client: number): string => {
    if (client % 9 === 8) return `unknown-${client}`;
    if (client % 11 === 10) return `deny-${client}`;
    return client % 7 === 6 ? `until-${lostAtMs(client)}-${client}` : `big-${client}`;
  };
  const expected = (client: number, nowMs: number): Expected => {
    const user = String(client);
    if (client % 9 === 8) return { status: [401], user };
    if (client % 11 === 10) return { status: [403], user };
    if (client % 7 !== 6 || nowMs < lostAtMs(client)) return { status: [200], user };
    return { status: nowMs < lostAtMs(client) + LONGEST_LIFE_MS ? [200, 403] : [403], user };
  };
  return { tokenOf, expected };
}

async function answerTo(id: number, token: string) {
  const response = await ask(`/traced/${id}`, token);
  if (response.status !== 200) {
    await response.body?.cancel();
    return { status: response.status };
  }
  const echo = await response.json<{ url: string; headers: Record<string, string> }>();
  return {
    status: 200,
    id: Number(echo.url.split("/").at(-1)),
    user: echo.headers["x-user"],
    profileBytes: echo.headers["x-profile"]?.length,
  };
}

describe("a real trace with 2 KB of headers for each decision", () => {
  it("gets one correct answer for each request, across restarts", {
    timeout: 300_000,
  }, async () => {
    const { name, requests } = inject("trace");
    const startMs = clock.nowMs;
    const { tokenOf, expected } = reference(startMs, requests.at(-1)![0] * 1_000);
    let answers = 0;
    let late = 0;
    for (let first = 0; first < requests.length; first += BATCH) {
      const batch = requests.slice(first, first + BATCH);
      clock.nowMs = startMs + batch[0]![0] * 1_000;
      await tellTime(clock.nowMs);
      const all = await Promise.all(batch.map(([, client], n) => answerTo(first + n, tokenOf(client))));
      for (const [n, answer] of all.entries()) {
        const { status, user } = expected(batch[n]![1], clock.nowMs);
        expect(status).toContain(answer.status);
        if (answer.status === 200) expect(answer).toEqual({ status: 200, id: first + n, user, profileBytes: 2_000 });
        if (status.length > 1 && answer.status === 200) late += 1;
      }
      answers += all.length;
      // Most batches follow without a pause, so that a restart during one meets requests of the next.
      if (first % (8 * BATCH) === 0) await settled();
    }
    const stats = await statsOf("traced");
    console.log(
      `${name}: ${answers} requests, ${late} allowed late, hit rate ${stats.hitRate.toFixed(3)}, ` +
        `${stats.outbound} outbound, ${stats.restartCount} restarts:`,
      stats.restarts.map((r) => `${r.allocatedBeforeBytes} -> ${r.allocatedAfterBytes} bytes`).join(", "),
    );
    expect(answers).toBe(requests.length);
    expect(stats.requests).toBe(requests.length);
    expect(stats.undecided).toBe(0);
    expect(stats.restartCount).toBeGreaterThan(0);
    // A restart frees nothing if all entries are still live and are handed over. The chunk that moves them may take a page.
    for (const restart of stats.restarts) {
      expect(restart.allocatedAfterBytes).toBeLessThanOrEqual(restart.allocatedBeforeBytes + PAGE_BYTES);
    }
  });
});
