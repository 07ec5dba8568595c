import type { JSONWebKeySet } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KEPT_DOCUMENT_LIMITS } from "./kept-document.ts";
import { type KeyIo, KeySet } from "./key-set.ts";

const { refreshMs, maxAgeMs, retryMs, lostMs, waitMs } = KEPT_DOCUMENT_LIMITS;
const STALE_MS = 60 * 60_000;
const START_MS = 1_000_000_000;

/** Public keys that differ by their last part. */
function keysNamed(...names: string[]): JSONWebKeySet {
  return { keys: names.map((name) => ({ kty: "OKP", crv: "Ed25519", x: name, kid: name })) };
}

describe("the keys of an issuer", () => {
  let nowMs = START_MS;
  let published = ["a"];
  let isDown = false;
  /** Each fetch ends when the test says so. */
  let fetches: { answer(names?: string[]): void; fail(): void; hasEnded: boolean }[] = [];
  let works: Promise<unknown>[] = [];
  let answersAtOnce = true;
  let lines: string[] = [];

  const io: KeyIo = {
    nowMs: () => nowMs,
    load: () => {
      const { promise, resolve, reject } = Promise.withResolvers<JSONWebKeySet>();
      const fetched = {
        answer: (names = published) => {
          fetched.hasEnded = true;
          resolve(keysNamed(...names));
        },
        fail: () => {
          fetched.hasEnded = true;
          reject(new Error("the issuer does not answer"));
        },
        hasEnded: false,
      };
      fetches.push(fetched);
      if (answersAtOnce) (isDown ? fetched.fail : fetched.answer)();
      return promise;
    },
    waitUntil: (work) => void works.push(work),
    log: (line) => void lines.push(line),
  };
  /** As a request whose clock differs. */
  const at = (otherMs: number): KeyIo => ({ ...io, nowMs: () => otherMs });
  /** All fetches that have ended have had their effect. */
  const settled = () => Promise.all(works.filter((_, index) => fetches[index]!.hasEnded));
  const isHanging = (promise: Promise<unknown>) =>
    Promise.race([promise.then(() => false), vi.advanceTimersByTimeAsync(1).then(() => true)]);

  beforeEach(() => {
    vi.useFakeTimers();
    nowMs = START_MS;
    published = ["a"];
    isDown = false;
    fetches = [];
    works = [];
    answersAtOnce = true;
    lines = [];
  });
  afterEach(() => void vi.useRealTimers());

  /** A set with keys that have just been fetched. */
  async function loaded(staleKeysMs = STALE_MS): Promise<KeySet> {
    const set = new KeySet(staleKeysMs);
    expect(await set.ready(io)).toBeDefined();
    expect(fetches).toHaveLength(1);
    return set;
  }

  it("are fetched once for all requests that wait for them", async () => {
    answersAtOnce = false;
    const set = new KeySet(STALE_MS);
    expect(set.current(io)).toBeUndefined();
    const waiting = Promise.all([set.ready(io), set.ready(io), set.ready(at(nowMs + 5)), set.ready(at(nowMs - 5))]);
    fetches[0]!.answer();
    const [first, ...others] = await waiting;
    expect(first).toBeDefined();
    for (const other of others) expect(other).toBe(first);
    expect(fetches).toHaveLength(1);
  });

  it("are used without another fetch until they are due, and then while they are fetched", async () => {
    const set = await loaded();
    const before = set.current(io);
    nowMs += refreshMs - 1;
    expect(set.current(io)).toBe(before);
    expect(fetches).toHaveLength(1);
    answersAtOnce = false;
    nowMs += 1;
    expect(set.current(io)).toBe(before);
    expect(await set.ready(io)).toBe(before);
    expect(fetches).toHaveLength(2);
    fetches[1]!.answer();
    await settled();
    expect(set.current(io)).not.toBe(before);
  });

  it("are waited for if they are too old, but no longer than requests can wait", async () => {
    const set = await loaded();
    const before = set.current(io);
    answersAtOnce = false;
    nowMs += maxAgeMs;
    expect(set.current(io)).toBeUndefined();
    const waiting = set.ready(io);
    expect(await isHanging(waiting)).toBe(true);
    nowMs += waitMs;
    await vi.advanceTimersByTimeAsync(waitMs);
    expect(await waiting).toBe(before);
    const next = set.ready(io);
    fetches[1]!.answer();
    expect(await next).not.toBe(before);
    expect(fetches).toHaveLength(2);
  });

  it("keep their generation until one of them has gone", async () => {
    const set = await loaded();
    const generations: (number | undefined)[] = [];
    for (const names of [["a", "b"], ["b", "a"], ["b"], ["b"], ["c"]]) {
      published = names;
      nowMs += maxAgeMs;
      generations.push((await set.ready(io))?.generation);
    }
    expect(generations).toEqual([0, 0, 1, 1, 2]);
  });

  it("that could not be fetched are not fetched again for a while, and the failure is logged", async () => {
    isDown = true;
    const set = new KeySet(STALE_MS);
    for (let n = 0; n < 3; n += 1) expect(await set.ready(io)).toBeUndefined();
    nowMs += retryMs - 1;
    expect(await set.ready(io)).toBeUndefined();
    expect(await set.afterMissing(io)).toBeUndefined();
    expect(fetches).toHaveLength(1);
    expect(lines).toEqual(["the issuer does not answer"]);
    isDown = false;
    nowMs += 1;
    expect(await set.ready(io)).toBeDefined();
    expect(fetches).toHaveLength(2);
  });

  it("that cannot be fetched again are used for the configured time after the first failure", async () => {
    const set = await loaded();
    isDown = true;
    nowMs += refreshMs;
    const failingSinceMs = nowMs;
    set.current(io);
    await settled();
    while (nowMs < failingSinceMs + STALE_MS - retryMs) {
      nowMs += retryMs;
      expect(await set.ready(io)).toBeDefined();
    }
    expect(fetches.length).toBeGreaterThan(100);
    nowMs = failingSinceMs + STALE_MS - 1;
    expect(set.current(io)).toBeDefined();
    nowMs += 1;
    expect(set.current(io)).toBeUndefined();
    expect(await set.ready(io)).toBeUndefined();
    isDown = false;
    nowMs += retryMs;
    expect(await set.ready(io)).toBeDefined();
  });

  it("are not used at all after a failure if so configured", async () => {
    const set = await loaded(0);
    isDown = true;
    nowMs += refreshMs;
    expect(set.current(io)).toBeDefined();
    await settled();
    expect(set.current(io)).toBeUndefined();
  });

  it("do not make each request wait while their issuer hangs", async () => {
    const set = await loaded();
    answersAtOnce = false;
    nowMs += maxAgeMs;
    set.current(io);
    fetches[1]!.fail();
    await settled();
    nowMs += retryMs;
    expect(set.current(io)).toBeDefined();
    expect(fetches).toHaveLength(3);
    expect(set.current(io)).toBeDefined();
  });

  it("are not used if no one has asked for them for longer than they may be stale", async () => {
    const set = await loaded();
    answersAtOnce = false;
    nowMs += maxAgeMs + STALE_MS - 1;
    const waiting = set.ready(io);
    await vi.advanceTimersByTimeAsync(waitMs);
    expect(await waiting).toBeDefined();
    nowMs += 1;
    const last = set.ready(io);
    fetches[1]!.fail();
    expect(await last).toBeUndefined();
    expect(set.current(io)).toBeUndefined();
  });

  describe("of which a token names another one", () => {
    it("are fetched once more, and again only after a while", async () => {
      const set = await loaded();
      published = ["a", "b"];
      const found = await set.afterMissing(io);
      expect(found).toBe(set.current(io));
      expect(fetches).toHaveLength(2);
      nowMs += retryMs - 1;
      expect(await set.afterMissing(io)).toBeUndefined();
      expect(fetches).toHaveLength(2);
      nowMs += 1;
      expect(await set.afterMissing(io)).toBeDefined();
      expect(fetches).toHaveLength(3);
    });

    it("are fetched once for all tokens, whatever the clocks of their requests say", async () => {
      answersAtOnce = false;
      const set = new KeySet(STALE_MS);
      const waiting = set.ready(io);
      fetches[0]!.answer();
      await waiting;
      const clocks = [0, 4, 2, -3, 1, 3];
      const missing = Promise.all(clocks.map((differenceMs) => set.afterMissing(at(nowMs + differenceMs))));
      fetches[1]!.answer(["a", "b"]);
      const found = await missing;
      expect(new Set(found)).toEqual(new Set([set.current(io)]));
      expect(fetches).toHaveLength(2);
      for (const differenceMs of clocks) {
        expect(await set.afterMissing(at(nowMs + differenceMs))).toBeUndefined();
      }
      expect(fetches).toHaveLength(2);
    });

    it("are fetched at the request's time, not at that of its beginning", async () => {
      answersAtOnce = false;
      const set = new KeySet(STALE_MS);
      const waiting = set.ready(io);
      nowMs += waitMs - 1;
      fetches[0]!.answer();
      await waiting;
      void set.afterMissing(io);
      fetches[1]!.answer();
      await settled();
      nowMs += retryMs - 1;
      void set.afterMissing(io);
      expect(fetches).toHaveLength(2);
    });

    it("do not lose their turn if they could not be fetched at that moment", async () => {
      const set = await loaded();
      isDown = true;
      nowMs += refreshMs;
      set.current(io);
      await settled();
      nowMs += retryMs - 1;
      expect(await set.afterMissing(io)).toBeUndefined();
      expect(fetches).toHaveLength(2);
      isDown = false;
      published = ["a", "b"];
      nowMs += 1;
      expect(await set.afterMissing(io)).toBeDefined();
      expect(fetches).toHaveLength(3);
    });

    it("are those before if they cannot be fetched", async () => {
      const set = await loaded();
      isDown = true;
      expect(await set.afterMissing(io)).toBeUndefined();
      expect(set.current(io)).toBeDefined();
    });
  });

  describe("whose fetch never ends", () => {
    it("are fetched again when it must be lost, and not before", async () => {
      answersAtOnce = false;
      const set = new KeySet(STALE_MS);
      set.current(io);
      nowMs += lostMs - 1;
      set.current(io);
      set.current(at(START_MS - 1));
      expect(fetches).toHaveLength(1);
      nowMs += 1;
      set.current(io);
      set.current(io);
      expect(fetches).toHaveLength(2);
      fetches[1]!.answer();
      await settled();
      expect(set.current(io)).toBeDefined();
    });

    it("do not come back from it after newer ones", async () => {
      answersAtOnce = false;
      const set = new KeySet(STALE_MS);
      set.current(io);
      nowMs += lostMs;
      set.current(io);
      fetches[1]!.answer(["b"]);
      await settled();
      const newer = set.current(io);
      fetches[0]!.answer(["a"]);
      await settled();
      expect(set.current(io)).toBe(newer);
    });

    it("are not failing because of it once newer ones have come", async () => {
      answersAtOnce = false;
      const set = new KeySet(0);
      set.current(io);
      nowMs += lostMs;
      set.current(io);
      fetches[1]!.answer();
      await settled();
      fetches[0]!.fail();
      await settled();
      expect(set.current(io)).toBeDefined();
    });

    it("are stale in time, as after any failure", async () => {
      const set = await loaded();
      answersAtOnce = false;
      nowMs += refreshMs;
      set.current(io);
      const failingSinceMs = nowMs;
      while (nowMs < failingSinceMs + STALE_MS - lostMs) {
        nowMs += lostMs;
        expect(set.current(io)).toBeDefined();
      }
      nowMs += lostMs;
      expect(set.current(io)).toBeUndefined();
    });
  });

  it("outlive a clock that is set back", async () => {
    const set = await loaded();
    for (const backMs of [1, 1_000, 24 * 60 * 60_000]) {
      nowMs -= backMs;
      expect(await set.ready(io)).toBeDefined();
      nowMs += refreshMs;
      set.current(io);
      await settled();
    }
    isDown = true;
    nowMs += refreshMs;
    set.current(io);
    await settled();
    nowMs -= 1_000;
    expect(set.current(io)).toBeDefined();
    isDown = false;
    nowMs -= 24 * 60 * 60_000;
    expect(await set.ready(io)).toBeDefined();
  });
});
