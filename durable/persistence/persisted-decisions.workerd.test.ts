import { describe, expect, it, vi } from "vitest";
import type { BuiltInServiceInput } from "../../config/index.ts";
import { head, type LoneService, withService } from "../../test/workerd/lone-service.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createIsolate, isolateSnapshot } from "../memory/isolate.ts";
import { nextTask } from "../runtime/async.ts";
import { TIME_LIMITS } from "../runtime/time-limits.ts";
import { BUDGET_MARKS } from "../testing/settings.ts";

/** A service that restores its decisions, step by step. */

const SECRET = "a secret that is long enough for tests";
const KEPT: BuiltInServiceInput = {
  route: { prefix: "/lone" },
  upstream: { binding: "UPSTREAM" },
  clusters: { auth: { binding: "AUTHORIZATION" } },
  filter,
  authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", uri: "none" },
  cache: { persist: true },
};
const soon = { timeout: 10_000, interval: 5 };
const about = (token: string) => head(["authorization", `Bearer ${token}`]);

function persistenceOf({ service }: LoneService) {
  const { persistence } = service.stats();
  if (persistence?.state !== "on") throw new Error(`nothing is persisted: ${persistence?.state}`);
  return persistence;
}

/** Runs `test` with a service that persists its decisions. */
function keeping(
  test: Parameters<typeof withService>[2],
  options: Parameters<typeof withService>[3] = {},
): Promise<void> {
  return withService(KEPT, TIME_LIMITS, test, { secret: SECRET, ...options });
}

/** Makes the service allow a token and store the decision. */
async function stored(lone: LoneService, token: string): Promise<void> {
  const { service, authorization } = lone;
  const deciding = service.decide(about(token));
  await vi.waitFor(() => expect(authorization.asked).toBe(1), soon);
  authorization.answer(1, 200);
  expect(await deciding).toMatchObject({ kind: "continue" });
  await vi.waitFor(() => expect(persistenceOf(lone).lastWrite).toBe("written"), soon);
}

/** The answer of the object's next life, in which the authorization server denies. */
async function inNextLife(lone: LoneService, token: string, secret?: string) {
  lone.authorization.alwaysAnswer(403);
  const next = await lone.again(secret);
  return { next, answer: await next.service.decide(about(token)) };
}

describe("stored decisions", () => {
  it.each(["the purge", "the request"])(
    "that are purged during the restore do not come back, even if %s was first",
    (first) =>
      keeping(async (lone) => {
        await stored(lone, "ann");
        lone.authorization.alwaysAnswer(403);
        const { service } = await lone.again();
        const purge = () => service.purge(["ann"]);
        const ask = () => service.decide(about("ann"));
        const both = first === "the purge" ? [purge(), ask()] : [ask(), purge()];
        await Promise.all(both);
        expect(await ask()).toMatchObject({ kind: "respond", status: 403 });
        expect((await inNextLife(lone, "ann")).answer).toMatchObject({ kind: "respond", status: 403 });
      }),
  );

  it("do not overrule what an instance that began without them learns", () =>
    keeping(async (lone) => {
      await stored(lone, "ann");
      lone.service.restarts.byPolicy("hard_limit");
      lone.authorization.alwaysAnswer(403);
      expect(await lone.service.decide(about("ann"))).toMatchObject({ kind: "respond", status: 403 });
      await vi.waitFor(() => expect(persistenceOf(lone).storedRows).toBe(0), soon);
      expect((await inNextLife(lone, "ann")).answer).toMatchObject({ kind: "respond", status: 403 });
    }));

  it("of another secret are removed and reported", () =>
    keeping(async (lone) => {
      await stored(lone, "ann");
      const { next, answer } = await inNextLife(lone, "ann", `${SECRET} no more`);
      expect(answer).toMatchObject({ kind: "respond", status: 403 });
      expect(persistenceOf(next).waking).toMatchObject({ outcome: "unreadable" });
    }));
});

describe("a service that restores its decisions", () => {
  it("uses them for the first request", () =>
    keeping(async (lone) => {
      await stored(lone, "ann");
      const next = await lone.again();
      expect(await next.service.decide(about("ann"))).toMatchObject({ kind: "continue" });
      expect(next.authorization.asked).toBe(1);
      expect(persistenceOf(next).waking).toMatchObject({ outcome: "restored" });
    }));

  it("is neither restarted nor evicted for the isolate during the restore, and starts no other instance", () =>
    keeping(async (lone) => {
      await stored(lone, "ann");
      const next = await lone.again();
      const deciding = next.service.decide(about("ann"));
      expect(await next.service.restarts.byOperator("test")).toBe("not_running");
      await next.service.restarts.forIsolate("evict");
      expect(next.service.stats()).toMatchObject({ startReason: null, restartCount: 0 });
      expect(await deciding).toMatchObject({ kind: "continue" });
      expect(next.authorization.asked).toBe(1);
      expect(next.service.stats()).toMatchObject({ startReason: "eviction", restartCount: 0 });
    }));

  it("starts without them if the isolate has no room", () => {
    const marks = { ...BUDGET_MARKS };
    return keeping(
      async (lone) => {
        await stored(lone, "ann");
        marks.hardBytes = 1;
        const next = await lone.again();
        const deciding = next.service.decide(about("ann"));
        await vi.waitFor(() => expect(next.authorization.asked).toBe(2), soon);
        next.authorization.answer(2, 200);
        await deciding;
        expect(persistenceOf(next)).toMatchObject({ waking: { outcome: "no_room" }, storedRows: 0 });
      },
      { isolate: createIsolate(undefined, undefined, marks) },
    );
  });

  it("starts without them if the restore takes too long", () => {
    let nowMs = Date.UTC(2026, 0, 1);
    let isSlow = false;
    const clock = (): number => {
      if (isSlow) nowMs += 400;
      return nowMs;
    };
    return keeping(
      async (lone) => {
        await stored(lone, "ann");
        const next = await lone.again();
        isSlow = true;
        const deciding = next.service.decide(about("ann"));
        await vi.waitFor(() => expect(next.authorization.asked).toBe(2), soon);
        isSlow = false;
        next.authorization.answer(2, 200);
        await deciding;
        expect(persistenceOf(next).waking).toMatchObject({ outcome: "given_up" });
        await nextTask();
        expect(isolateSnapshot(next.isolate).retired.count).toBeGreaterThan(0);
      },
      { nowMs: clock },
    );
  });
});
