import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ask, settled, statsOf, testEnv } from "../../test/workerd/client.ts";
import mortal from "../../test/workerd/guests/build/mortal.wasm";
import unstartable from "../../test/workerd/guests/build/unstartable.wasm";
import { head, type LoneService, withService } from "../../test/workerd/lone-service.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { TIME_LIMITS } from "../runtime/time-limits.ts";

/** What an object must not forget when it is evicted, seconds after its last request. */

const common = {
  route: { prefix: "/lone" },
  upstream: { binding: "UPSTREAM" },
  clusters: { auth: { binding: "AUTHORIZATION" } },
} as const;
const BUILT_IN = {
  ...common,
  filter,
  authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
} as const;
const MORTAL = { ...common, filter: mortal, configuration: "", restart: { policy: "never" } } as const;

const about = (user: string) => head(["authorization", `Bearer ${user}`]);

/** Storage whose writes can be made to fail, and which counts them. */
class Watched {
  isFull = false;
  writes = 0;

  through = (storage: DurableObjectStorage): DurableObjectStorage =>
    new Proxy(storage, {
      get: (own, name) => {
        const value: unknown = Reflect.get(own, name, own);
        if (name === "put") return (...given: Parameters<DurableObjectStorage["put"]>) => this.#put(own, given);
        return typeof value === "function" ? value.bind(own) : value;
      },
    });

  #put(own: DurableObjectStorage, given: Parameters<DurableObjectStorage["put"]>): Promise<void> {
    this.writes += 1;
    if (this.isFull) throw new Error("quota exceeded");
    return own.put(...given);
  }
}

describe("an evicted object", () => {
  const stub = () => testEnv.SERVICE_OBJECT.getByName("answering");

  it("still knows the restart, the start and the purge of a moment ago", async () => {
    await ask("/answering", "allow-facts");
    await settled();
    const before = await statsOf("answering");
    await runInDurableObject(stub(), async (object) => {
      await object.restart("facts");
      await object.purge({ service: "answering" });
    });
    await evictDurableObject(stub());
    const after = await statsOf("answering");
    expect(after).toMatchObject({ restartCount: before.restartCount + 1, countsSinceMs: before.countsSinceMs });
    expect(after.restarts.at(-1)).toMatchObject({ reason: "facts" });
    expect(after.starts.at(-1)).toMatchObject({ reason: "restart" });
    expect(after.purges).toBe(before.purges + 1);
  });

  it("has every count that /stats has shown", async () => {
    for (let life = 0; life < 3; life += 1) {
      for (let n = 0; n <= life; n += 1) await ask("/answering", "allow-facts");
      const shown = await statsOf("answering");
      expect(shown.unstoredCounts).toBeNull();
      await evictDurableObject(stub());
      const { requests, hits, outbound, countsSinceMs, countsStoredAtMs } = await statsOf("answering");
      expect({ requests, hits, outbound, countsSinceMs }).toEqual({
        requests: shown.requests,
        hits: shown.hits,
        outbound: shown.outbound,
        countsSinceMs: shown.countsSinceMs,
      });
      expect(countsStoredAtMs).toBe(shown.countsStoredAtMs);
    }
  });
});

describe("the next life of an object", () => {
  const die = ({ service }: LoneService) => service.decide({ ...head(["x-die", "now"]), path: "/lone/die" });

  it("knows the failed starts of the last one", () =>
    withService({ ...MORTAL, filter: unstartable }, TIME_LIMITS, async ({ service, again }) => {
      expect(await service.decide(head())).toMatchObject({ reason: "filter_start_failed" });
      expect((await again()).service.stats()).toMatchObject({ failedStarts: 1 });
    }));

  it("knows the traps of the last one", () =>
    withService(MORTAL, TIME_LIMITS, async (lone) => {
      expect(await die(lone)).toMatchObject({ reason: "filter_failed" });
      const next = await lone.again();
      expect(next.service.stats()).toMatchObject({ traps: 1 });
    }));

  it("knows the first start and its request, although a minute is not over", () =>
    withService(BUILT_IN, TIME_LIMITS, async (lone) => {
      lone.authorization.alwaysAnswer(200);
      for (let life = 1; life <= 3; life += 1) {
        const { service } = await lone.again();
        await service.decide(about("ann"));
        await settled();
        const { service: next } = await lone.again();
        expect(next.stats()).toMatchObject({ requests: life, generation: life });
      }
    }));
});

describe("the object's storage", () => {
  it("is not written for each request", () => {
    const watched = new Watched();
    return withService(
      BUILT_IN,
      TIME_LIMITS,
      async ({ service, authorization }) => {
        authorization.alwaysAnswer(200);
        for (let n = 0; n < 200; n += 1) await service.decide(about(`user-${n}`));
        await settled();
        const { writes } = watched;
        expect(writes).toBeLessThanOrEqual(2);
        await service.shownStats();
        await service.shownStats();
        expect(watched.writes).toBeLessThanOrEqual(writes + 1);
      },
      { throughStorage: watched.through },
    );
  });

  it("may fail: /stats then shows what is stored, and apart from it what is not", () => {
    const watched = new Watched();
    return withService(
      BUILT_IN,
      TIME_LIMITS,
      async ({ service, authorization, again }) => {
        authorization.alwaysAnswer(200);
        await service.decide(about("ann"));
        const stored = await service.shownStats();
        expect(stored).toMatchObject({ requests: 1, unstoredCounts: null });

        watched.isFull = true;
        await service.decide(about("ann"));
        await service.decide(about("bob"));
        await service.restarts.byOperator("unstored");
        const failing = await service.shownStats();
        expect(failing).toMatchObject({ requests: 1, restartCount: 0, countsStoredAtMs: stored.countsStoredAtMs });
        expect(failing.unstoredCounts).toEqual({ requests: 2, hits: 1, outbound: 1 });
        expect(failing.storage.failures).toBeGreaterThan(0);
        const { service: lost } = await again();
        expect(await lost.shownStats()).toMatchObject({ requests: 1, restartCount: 0 });

        watched.isFull = false;
        expect(await service.shownStats()).toMatchObject({ requests: 3, restartCount: 1, unstoredCounts: null });
        const { service: next } = await again();
        expect(await next.shownStats()).toMatchObject({ requests: 3, restartCount: 1 });
      },
      { throughStorage: watched.through },
    );
  });
});
