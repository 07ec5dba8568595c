import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { testEnv } from "../../test/workerd/client.ts";
import type { FilterHandover, HandoverStep, TakeResult } from "../../wasm/host/index.ts";
import { Journal } from "./journal.ts";
import { deriveKeys } from "./keys.ts";

/** The journal in a real object's storage, with a scripted filter. */

const SECRET = "a secret that is long enough for tests";
const ALLOCATED = 2_097_152;
const EVERYTHING_WENT_ON = () => true;

let exportSessions = 0;

/** Exports the given texts as chunks, then those that `news` adds; records imported chunks and purges in `taken`. */
class ScriptedFilter {
  exportSession = 0;
  begun = 0;
  readonly taken: string[] = [];
  readonly #all: string[];
  #next: string[] = [];
  readonly #answer: TakeResult;

  constructor(all: string[], answer: TakeResult = { ok: true }) {
    this.#all = all;
    this.#answer = answer;
  }

  get handover(): FilterHandover {
    return this as unknown as FilterHandover;
  }

  news(...chunks: string[]): void {
    this.#next.push(...chunks);
  }

  begin(): void {
    this.begun += 1;
    this.exportSession = ++exportSessions;
    this.#next = [...this.#all];
  }

  next(): HandoverStep {
    const chunk = this.#next.shift();
    return chunk === undefined
      ? { kind: "up-to-date" }
      : { kind: "chunk", bytes: new TextEncoder().encode(chunk).slice() };
  }

  take(chunk: Uint8Array): TakeResult {
    this.taken.push(new TextDecoder().decode(chunk));
    return this.#answer;
  }

  purgeCredential(credential: string): number {
    this.taken.push(`purge of ${credential}`);
    return 0;
  }

  abandon(): void {
    this.taken.push("abandoned");
  }
}

/** Runs `test` in a new object with empty storage. */
function inStorage(test: (storage: DurableObjectStorage) => Promise<void>): Promise<void> {
  const stub = testEnv.SERVICE_OBJECT.getByName(crypto.randomUUID());
  return runInDurableObject(stub, (_, { storage }) => test(storage));
}

async function open(storage: DurableObjectStorage, secret = SECRET): Promise<Journal> {
  const { box } = await deriveKeys(secret, "orders");
  return Journal.open({ storage, box, service: "orders", nowMs: () => 1_000, pause: async () => {}, failed: () => {} });
}

/** What the next life of the object restores. */
async function readBack(storage: DurableObjectStorage): Promise<string[]> {
  const filter = new ScriptedFilter([]);
  expect(await (await open(storage)).restore(filter.handover, EVERYTHING_WENT_ON)).toBe("restored");
  return filter.taken;
}

const rowsIn = async (storage: DurableObjectStorage): Promise<number> =>
  (await storage.list({ prefix: "journal/" })).size;

describe("the journal", () => {
  it("restores a base, later changes and purges, in their order", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      const filter = new ScriptedFilter(["a", "b"]);
      await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON);
      filter.news("c");
      await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON);
      await journal.purge(["ann"]);
      filter.news("d");
      expect(await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON)).toBe("written");
      expect(await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON)).toBe("nothing_new");
      expect(await readBack(storage)).toEqual(["a", "b", "c", "purge of ann", "d", "abandoned"]);
      expect(filter.begun).toBe(1);
    }));

  it("keeps the complete base if the next one is cut off", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      await journal.write(new ScriptedFilter(["old"]).handover, ALLOCATED, EVERYTHING_WENT_ON);
      const large = new ScriptedFilter(Array.from({ length: 20 }, () => "x".repeat(60_000)));
      let steps = 0;
      expect(await journal.write(large.handover, ALLOCATED, () => ++steps < 15)).toBe("cut_off");
      await journal.purge(["ann"]);
      expect(await readBack(storage)).toEqual(["old", "purge of ann", "abandoned"]);
      expect(await journal.write(large.handover, ALLOCATED, EVERYTHING_WENT_ON)).toBe("written");
      expect((await readBack(storage)).length).toBe(21);
      expect(await rowsIn(storage)).toBe(4);
    }));

  it("is cut off by another export session, and then begins a new base", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      const filter = new ScriptedFilter(["a", "b"]);
      await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON);
      filter.begin();
      filter.news("c");
      expect(await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON)).toBe("written");
      expect(filter.begun).toBe(3);
      let steps = 0;
      const interrupted = new ScriptedFilter(["d", "e"]);
      const outcome = await journal.write(interrupted.handover, ALLOCATED, () => {
        if (++steps === 2) interrupted.begin();
        return true;
      });
      expect(outcome).toBe("cut_off");
      expect(await readBack(storage)).toEqual(["a", "b", "abandoned"]);
    }));

  it("is rewritten if the changes outgrow the base", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      const filter = new ScriptedFilter(["a"]);
      await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON);
      for (let round = 0; round < 30; round += 1) {
        filter.news("x".repeat(60_000));
        await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON);
      }
      expect(filter.begun).toBeGreaterThan(1);
      expect(journal.stored?.bytes).toBeLessThan(1_300_000);
      expect(await rowsIn(storage)).toBe(journal.stored?.rows);
    }));

  it("does not grow without limit through purges of an idle object", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      await journal.write(new ScriptedFilter(["a"]).handover, ALLOCATED, EVERYTHING_WENT_ON);
      for (let n = 0; n < 1_024; n += 1) await journal.purge([`token-${n}`]);
      expect(journal.stored?.rows).toBe(1_025);
      await journal.purge(["one too many"]);
      expect(journal.stored).toBeUndefined();
      expect((await storage.list()).size).toBe(0);
    }));

  it("is given up and removed, not restored in part, if the restore takes too long", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      await journal.write(new ScriptedFilter(["a"]).handover, ALLOCATED, EVERYTHING_WENT_ON);
      const filter = new ScriptedFilter([]);
      expect(await (await open(storage)).restore(filter.handover, () => false)).toBe("given_up");
      expect(filter.taken).toEqual([]);
      expect((await storage.list()).size).toBe(0);
    }));

  it.each([
    ["other_configuration", "other_configuration"],
    ["bad_record", "refused"],
    ["failed", "refused"],
  ] as const)("is removed if a filter refuses it: %s", (reason, outcome) =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      await journal.write(new ScriptedFilter(["a"]).handover, ALLOCATED, EVERYTHING_WENT_ON);
      const filter = new ScriptedFilter([], { ok: false, reason });
      expect(await (await open(storage)).restore(filter.handover, EVERYTHING_WENT_ON)).toBe(outcome);
      expect((await storage.list()).size).toBe(0);
    }),
  );

  it("is removed if it was written under another secret", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      await journal.write(new ScriptedFilter(["a"]).handover, ALLOCATED, EVERYTHING_WENT_ON);
      expect((await open(storage, `${SECRET}!`)).stored).toBeUndefined();
      expect((await storage.list()).size).toBe(0);
    }));

  it("begins a new base after a failed write, because the filter does not export the same chunks again", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      await journal.write(new ScriptedFilter(["old"]).handover, ALLOCATED, EVERYTHING_WENT_ON);
      const filter = new ScriptedFilter(["new"]);
      const put = storage.put;
      storage.put = () => Promise.reject(new Error("no room"));
      await expect(journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON)).rejects.toThrow("no room");
      storage.put = put;
      filter.news("newer");
      expect(await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON)).toBe("written");
      expect(filter.begun).toBe(2);
      expect(await readBack(storage)).toEqual(["new", "abandoned"]);
    }));

  it("ends each write, even if the filter exports without end", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      const filter = new ScriptedFilter(["x".repeat(60_000)]);
      const next = filter.next.bind(filter);
      filter.next = () => {
        filter.news("x".repeat(60_000));
        return next();
      };
      expect(await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON)).toBe("written");
      expect(journal.stored?.bytes).toBeLessThan(ALLOCATED + 700_000);
    }));

  it("ends a write early for a purge, and is still correct", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      const filter = new ScriptedFilter(Array.from({ length: 40 }, (_, n) => `${n} `.repeat(9_000)));
      let steps = 0;
      let purged: Promise<void> | undefined;
      const written = journal.write(filter.handover, ALLOCATED, () => {
        if (++steps === 5) purged = journal.purge(["ann"]);
        return true;
      });
      expect(await written).toBe("written");
      await purged;
      expect(steps).toBeLessThan(10);
      expect((await readBack(storage)).slice(-2)).toEqual(["purge of ann", "abandoned"]);
      expect(await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON)).toBe("written");
      expect((await readBack(storage)).length).toBe(42);
    }));

  it("pauses after several small chunks, not after each", () =>
    inStorage(async (storage) => {
      let pauses = 0;
      const { box } = await deriveKeys(SECRET, "orders");
      const pause = async () => {
        pauses += 1;
      };
      const journal = await Journal.open({ storage, box, service: "orders", nowMs: () => 0, pause, failed: () => {} });
      const filter = new ScriptedFilter(Array.from({ length: 80 }, () => "a bit"));
      await journal.write(filter.handover, ALLOCATED, EVERYTHING_WENT_ON);
      expect(pauses).toBe(10);
    }));

  it("stays removed if a removal was cut off after the head", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      await journal.write(new ScriptedFilter(["a"]).handover, ALLOCATED, EVERYTHING_WENT_ON);
      const remove = storage.delete;
      storage.delete = (() => Promise.reject(new Error("no disk"))) as unknown as typeof storage.delete;
      await expect(journal.purge()).rejects.toThrow("no disk");
      storage.delete = remove;
      expect(await rowsIn(storage)).toBe(1);
      await journal.purge(["ann"]);
      expect((await open(storage)).stored).toBeUndefined();
      expect((await storage.list()).size).toBe(0);
    }));

  it("discards the stored decisions if a purge cannot be stored", () =>
    inStorage(async (storage) => {
      const journal = await open(storage);
      await journal.write(new ScriptedFilter(["a"]).handover, ALLOCATED, EVERYTHING_WENT_ON);
      const put = storage.put;
      storage.put = () => Promise.reject(new Error("no room"));
      await journal.purge(["ann"]);
      storage.put = put;
      expect(journal.stored).toBeUndefined();
      expect((await storage.list()).size).toBe(0);
    }));
});
