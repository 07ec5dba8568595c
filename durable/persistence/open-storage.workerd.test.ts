import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { resolveGateway, type Service } from "../../config/index.ts";
import { testEnv } from "../../test/workerd/client.ts";
import { clock } from "../../test/workerd/clock.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { TIME_LIMITS } from "../runtime/time-limits.ts";
import { ServiceStateStore } from "../storage/service-state.ts";
import { Journal } from "./journal.ts";
import { type OpenedStorage, openStorage } from "./open-storage.ts";

const SECRET = "a secret that is long enough for tests";

function serviceWith(cache: object): Service {
  const result = resolveGateway({
    services: {
      orders: {
        route: { prefix: "/orders" },
        upstream: { url: "https://orders.example" },
        filter,
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
        clusters: { auth: { url: "https://auth.example" } },
        cache,
      },
    },
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.gateway.services[0]!;
}

type Opening = (cache: object, secret?: string) => Promise<OpenedStorage>;

function inStorage(test: (open: Opening, storage: DurableObjectStorage) => Promise<void>): Promise<void> {
  const stub = testEnv.SERVICE_OBJECT.getByName(crypto.randomUUID());
  return runInDurableObject(stub, (_, { storage }) => {
    const runtime = {
      nowMs: () => clock.nowMs,
      randomBytes: (into: Uint8Array) => void crypto.getRandomValues(into),
      limits: TIME_LIMITS,
    };
    const open: Opening = (cache, secret) =>
      openStorage({
        service: serviceWith(cache),
        storage,
        store: new ServiceStateStore(storage),
        runtime,
        keySecret: "EBB_KEY",
        secret,
      });
    return test(open, storage);
  });
}

describe("the digest key", () => {
  it("is derived from the secret, if one is set", () =>
    inStorage(async (open, storage) => {
      const { digestKey } = await open({}, SECRET);
      expect(digestKey).toMatch(/^[0-9a-f]{32}$/);
      expect((await open({ persist: true }, SECRET)).digestKey).toBe(digestKey);
      expect((await storage.list()).size).toBe(0);
    }));

  it("is random and stored, if none is set", () =>
    inStorage(async (open) => {
      const { digestKey } = await open({});
      expect(digestKey).toMatch(/^[0-9a-f]{32}$/);
      expect((await open({})).digestKey).toBe(digestKey);
    }));

  it.each([["no-hex"], [5], ["0".repeat(31)], [null]])("is generated anew if %j is stored in its place", (stored) =>
    inStorage(async (open, storage) => {
      await storage.put("digestKey", stored);
      const { digestKey } = await open({});
      expect(digestKey).toMatch(/^[0-9a-f]{32}$/);
      expect(await storage.get("digestKey")).toBe(digestKey);
    }),
  );
});

describe("the journal of a service", () => {
  it("exists if it is configured and the secret is long enough", () =>
    inStorage(async (open) => {
      expect((await open({ persist: true }, SECRET)).journal).toBeInstanceOf(Journal);
      expect((await open({}, SECRET)).journal).toBeUndefined();
      expect((await open({ persist: true })).journal).toMatchObject({
        state: "secret_missing",
        message: expect.stringContaining("wrangler secret put EBB_KEY"),
      });
      expect((await open({ persist: true }, "too short")).journal).toMatchObject({
        state: "secret_too_short",
        message: expect.stringMatching(/has 9 characters.*32 or more/),
      });
    }));

  it.each([
    ["the secret is missing", { persist: true }, undefined],
    ["it is no longer configured", {}, SECRET],
  ])("is removed if %s: it would miss purges", (_, cache, secret) =>
    inStorage(async (open, storage) => {
      await storage.put({ journal: new Uint8Array(50), "journal/0/000000": new Uint8Array(50), learned: "stays" });
      await open(cache, secret);
      expect([...(await storage.list()).keys()].filter((key) => key !== "digestKey")).toEqual(["learned"]);
    }),
  );
});
