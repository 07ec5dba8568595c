import { describe, expect, inject, it } from "vitest";
import { ask, settled, statsOf } from "./workerd/client.ts";
import { clock } from "./workerd/clock.ts";
import "./workerd/trace.setup.ts";

const BATCH = 32;
/** Every ninth client is nobody's, every eleventh may not. */
const tokenOf = (client: number) => `${client % 9 === 8 ? "unknown" : client % 11 === 10 ? "deny" : "big"}-${client}`;

/** The plain reference: what a request must be answered, from its token alone, without cache, filter or restart. */
function expected(client: number): { status: number; user: string | undefined; profileBytes: number } {
  if (client % 9 === 8) return { status: 401, user: undefined, profileBytes: 0 };
  if (client % 11 === 10) return { status: 403, user: undefined, profileBytes: 0 };
  return { status: 200, user: String(client), profileBytes: 2_000 };
}

async function answered(id: number, client: number) {
  const response = await ask(`/traced/${id}`, tokenOf(client));
  if (response.status !== 200) {
    await response.body?.cancel();
    return { id, status: response.status, user: undefined, profileBytes: 0 };
  }
  const echo = await response.json<{ url: string; headers: Record<string, string> }>();
  return {
    id: Number(echo.url.split("/").at(-1)),
    status: 200,
    user: echo.headers["x-user"],
    profileBytes: echo.headers["x-profile"]?.length ?? 0,
  };
}

describe("a real trace with 2 KB of headers for each decision", () => {
  it("gets one answer for each request, each the reference's, over restarts in place", {
    timeout: 300_000,
  }, async () => {
    const { name, requests } = inject("trace");
    const startMs = clock.nowMs;
    let answers = 0;
    for (let first = 0; first < requests.length; first += BATCH) {
      const batch = requests.slice(first, first + BATCH);
      clock.nowMs = startMs + batch[0]![0] * 1_000;
      const all = await Promise.all(batch.map(([, client], n) => answered(first + n, client)));
      all.forEach((answer, n) => {
        expect(answer).toEqual({ id: first + n, ...expected(batch[n]![1]) });
      });
      answers += all.length;
      await settled();
    }
    const stats = await statsOf("traced");
    console.log(
      `${name}: ${answers} requests, hit rate ${stats.hitRate.toFixed(3)}, ${stats.outbound} outbound, ` +
        `${stats.restartCount} restarts:`,
      stats.restarts.map((r) => `${r.allocatedBeforeBytes} -> ${r.allocatedAfterBytes} bytes`).join(", "),
    );
    expect(answers).toBe(requests.length);
    expect(stats.requests).toBe(requests.length);
    expect(stats.failures).toBe(0);
    expect(stats.restartCount).toBeGreaterThan(0);
  });
});
