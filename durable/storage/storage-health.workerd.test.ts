import { describe, expect, it } from "vitest";
import { head, withService } from "../../test/workerd/lone-service.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { TIME_LIMITS } from "../runtime/time-limits.ts";

/** Storage that fails from a certain call on: decisions do not need it, and no purge is undone. */
const SECRET = "a secret of the tests, which are no secret";

class Refusing {
  /** Calls that still succeed. */
  left = Number.POSITIVE_INFINITY;
  calls = 0;

  through = (storage: DurableObjectStorage): DurableObjectStorage => this.#guard(storage);

  #guard<Target extends object>(target: Target): Target {
    return new Proxy(target, {
      get: (own, name) => {
        const value: unknown = Reflect.get(own, name, own);
        if (typeof value === "object" && value !== null) return this.#guard(value);
        if (typeof value !== "function") return value;
        return (...given: unknown[]) => {
          this.calls += 1;
          this.left -= 1;
          if (this.left < 0) throw new Error("quota exceeded");
          return value.apply(own, given);
        };
      },
    });
  }
}

const service = (persist: boolean) =>
  ({
    route: { prefix: "/lone" },
    upstream: { binding: "UPSTREAM" },
    filter,
    clusters: { auth: { binding: "AUTHORIZATION" } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    cache: { persist },
  }) as const;

const bearer = (token: string) => head(["authorization", `Bearer ${token}`]);

describe.each([true, false])("with persisted decisions: %s", (persist) => {
  it("an object decides, from whichever call its storage fails", async () => {
    for (let left = 0; left < 12; left += 1) {
      const refusing = new Refusing();
      refusing.left = left;
      await withService(
        service(persist),
        TIME_LIMITS,
        async ({ service: lone, authorization }) => {
          authorization.alwaysAnswer(200);
          expect(await lone.decide(bearer("ann"))).toMatchObject({ kind: "continue" });
          expect(await lone.decide(bearer("ann"))).toMatchObject({ kind: "continue" });
          if (left === 0) expect(lone.stats().storage.failures).toBeGreaterThan(0);
        },
        { secret: SECRET, throughStorage: refusing.through },
      );
    }
  });
});

describe("a purge that the storage refuses", () => {
  it("is confirmed only when stored decisions cannot come back", async () => {
    const refusing = new Refusing();
    let nowMs = 1_700_000_000_000;
    await withService(
      service(true),
      TIME_LIMITS,
      async ({ service: first, authorization, again }) => {
        authorization.alwaysAnswer(200);
        await first.decide(bearer("ann"));
        nowMs += 61_000;
        await first.decide(bearer("writer"));
        await expect.poll(() => first.stats().persistence).toMatchObject({ storedRows: 1 });
        refusing.left = 0;
        const { service: second } = await again();
        expect(await second.decide(bearer("bob"))).toMatchObject({ kind: "continue" });
        expect(second.stats().persistence).toMatchObject({ state: "storage_failing" });
        await expect(second.purge()).rejects.toThrow("quota exceeded");
        refusing.left = Number.POSITIVE_INFINITY;
        await second.purge();
        const { service: third } = await again();
        const before = authorization.asked;
        expect(await third.decide(bearer("ann"))).toMatchObject({ kind: "continue" });
        expect(authorization.asked).toBe(before + 1);
      },
      { secret: SECRET, throughStorage: refusing.through, nowMs: () => nowMs },
    );
  });
});
