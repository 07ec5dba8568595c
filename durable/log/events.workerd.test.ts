import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type GatewayInput, resolveGateway } from "../../config/index.ts";
import page from "../../docs/logs.md?raw";
import askingInVain from "../../test/workerd/guests/build/asking-in-vain.wasm";
import mortal from "../../test/workerd/guests/build/mortal.wasm";
import starting from "../../test/workerd/guests/build/starting.wasm";
import unstartable from "../../test/workerd/guests/build/unstartable.wasm";
import { head, type LoneService, withService } from "../../test/workerd/lone-service.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createSharedState } from "../../wasm/host/index.ts";
import { InstanceStarter } from "../instances/instance-starter.ts";
import { createIsolate } from "../memory/isolate.ts";
import { noCounts } from "../metrics/counters.ts";
import { nothingLearned } from "../restart/learned.ts";
import { TIME_LIMITS } from "../runtime/time-limits.ts";
import { BUDGET_MARKS } from "../testing/settings.ts";
import { EventLog } from "./events.ts";

/** Causes each event of docs/logs.md and compares the line with its example: same fields, same order, same types. */

type Line = { readonly event: string } & Readonly<Record<string, unknown>>;

const SECRET = "a-credential-that-no-line-may-have";

let lines: string[];
beforeEach(() => {
  lines = [];
  const note = (line: unknown) => void lines.push(String(line));
  for (const level of ["log", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(note);
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(lines.join("\n")).not.toContain(SECRET);
});

const written = (event: string): Line[] =>
  lines
    .filter((line) => line.startsWith("{"))
    .map((line): Line => JSON.parse(line))
    .filter((line) => line.event === event);

const examples = page.split(/^## /m).flatMap((section) => {
  const [heading] = section.split("\n", 1);
  return [...section.matchAll(/```json\n(.*)\n```/g)].map(([, json = ""]) => ({
    heading,
    line: JSON.parse(json) as Line,
  }));
});

function shapeOf(line: Line): [string, string][] {
  return Object.entries(line).map(([name, value]) => [name, value === null ? "null" : typeof value]);
}

/** Expects a line of this event, and that it looks like an example under the event's heading. */
function expectExample(line: Line | undefined): void {
  if (line === undefined) throw new Error(`no such line: ${lines.join("\n")}`);
  const shapes = examples.filter(({ heading }) => heading === line.event).map((example) => shapeOf(example.line));
  expect(shapes).toContainEqual(shapeOf(line));
}

const common = {
  route: { prefix: "/lone" },
  upstream: { binding: "UPSTREAM" },
  clusters: { auth: { binding: "AUTHORIZATION" } },
} as const;
const authorization = { protocol: "forward-auth", cluster: "auth", path: "/check" } as const;
const BUILT_IN = { ...common, filter, authorization } as const;
/** An answer of 503 then means that the server does not answer. */
const BALANCED = { clusters: { auth: { binding: "AUTHORIZATION", probe: { behindBalancer: true } } } } as const;
const MORTAL = { ...common, filter: mortal, configuration: "", restart: { policy: "never" } } as const;

const RAY = "8f1c2a3b4d5e6f70-FRA";
const trace = { cfRay: RAY, context: undefined, isLogged: false };
const credentials = {
  ...head(["authorization", `Bearer ${SECRET}`]),
  ...{ path: `/lone/${SECRET}`, query: `?q=${SECRET}`, trace },
};

function withCredentials(
  test: (lone: LoneService) => Promise<void>,
  input: GatewayInput["services"][string] = BUILT_IN,
) {
  return withService(input, TIME_LIMITS, async (lone) => {
    lone.authorization.alwaysAnswer(200);
    await lone.service.decide(credentials);
    await test(lone);
  });
}

it("docs/logs.md has an example of each event", () => {
  expect(examples.map(({ heading, line }) => [heading, line.event])).toEqual(
    [
      ...Array(2).fill("restart"),
      "trap",
      "start_failed",
      "start_calls_unanswered",
      "unserved_call",
      ...Array(3).fill("call_failed"),
      ...Array(2).fill("server_state"),
      "storage_failed",
      "purge",
      ...Array(2).fill("gate_opened"),
      ...Array(2).fill("gate_closed"),
      "budget",
      "reclaim",
      // test/security/logs.test.ts
      ...Array(3).fill("decision"),
    ].map((name) => [name, name]),
  );
});

describe("a restart", () => {
  it("says why, what was expected of it, and the bytes before and after", () =>
    withCredentials(async ({ service }) => {
      await service.restarts.byOperator("too\nbig", RAY);
      const [line] = written("restart");
      expectExample(line);
      const [record] = service.stats().restarts;
      expect(line).toMatchObject({
        reason: "too\nbig",
        generation: record?.generation,
        handover: true,
        cfRay: RAY,
        bytesBefore: record?.allocatedBeforeBytes,
        bytesAfter: record?.allocatedAfterBytes,
      });
      expect(written("restart")).toHaveLength(1);
    }));
});

describe("a trap", () => {
  it("is one line, and the restart after it another", () =>
    withCredentials(async ({ service }) => {
      await service.decide({ ...head(["x-die", SECRET]), path: "/lone/die", trace });
      const [trap] = written("trap");
      expectExample(trap);
      expect(trap).toMatchObject({ service: "lone", generation: 1, failuresInARow: 1, pauseMs: 0, cfRay: RAY });
      await service.decide(head());
      expect(written("restart")).toMatchObject([{ reason: "trap", handover: false, generation: 1, cfRay: RAY }]);
      await service.restarts.byOperator("operator");
      expectExample(written("restart").at(-1));
      expect(written("restart").at(-1)).toMatchObject({ cfRay: null });
    }, MORTAL));
});

describe("a filter that was brought along", () => {
  const OF_OTHERS = { ...common, configuration: "", restart: { policy: "never" } } as const;

  it("has a line if the calls of its start are not answered in time", () =>
    withService({ ...OF_OTHERS, filter: starting }, { ...TIME_LIMITS, tickWaitMs: 20 }, async ({ service }) => {
      await service.decide(credentials);
      expectExample(written("start_calls_unanswered")[0]);
      expect(written("start_calls_unanswered")).toMatchObject([{ generation: 1, calls: 1, waitedMs: 20, cfRay: RAY }]);
    }));

  it("has a line if it asks for a cluster that there is not", () =>
    withService({ ...OF_OTHERS, filter: askingInVain }, TIME_LIMITS, async ({ service }) => {
      await service.decide({ ...credentials, headers: ["x-cluster", SECRET] });
      expectExample(written("unserved_call")[0]);
    }));
});

describe("a purge", () => {
  it("has numbers, and no credential", () =>
    withCredentials(async ({ service }) => {
      await service.purge([SECRET, `Bearer ${SECRET}`], RAY);
      const [line] = written("purge");
      expectExample(line);
      expect(line).toMatchObject({ credentials: 2, stored: false, cfRay: RAY });
      await service.purge();
      expect(written("purge").at(-1)).toMatchObject({ credentials: null, cfRay: null });
    }));

  it("that failed says why", () => {
    let isFull = false;
    const throughStorage = (storage: DurableObjectStorage) =>
      new Proxy(storage, {
        get: (own, name) => {
          if (isFull) throw new Error("quota exceeded");
          const value: unknown = Reflect.get(own, name, own);
          return typeof value === "function" ? value.bind(own) : value;
        },
      });
    return withService(
      { ...BUILT_IN, cache: { persist: true } },
      TIME_LIMITS,
      async ({ service, authorization }) => {
        authorization.alwaysAnswer(200);
        await service.decide(credentials);
        isFull = true;
        await expect(service.purge()).rejects.toThrow("quota exceeded");
        expect(written("purge")).toMatchObject([{ purged: null, stored: null, error: "Error: quota exceeded" }]);
      },
      { secret: "a secret of the tests, which are no secret", throughStorage },
    );
  });
});

describe("a gate", () => {
  it("by failurePolicy opens when the filter does not start, and says so once", () => {
    let nowMs = 1_790_000_000_000;
    return withService(
      { ...MORTAL, filter: unstartable, failurePolicy: "open" },
      TIME_LIMITS,
      async ({ service }) => {
        for (let n = 0; n < 5; n += 1) {
          expect(await service.decide(credentials)).toMatchObject({ kind: "continue" });
          nowMs += 60_000;
        }
        expect(written("gate_opened")).toHaveLength(1);
        expectExample(written("gate_opened")[0]);
        expect(written("gate_opened")[0]).toMatchObject({ cfRay: RAY });
        expect(written("gate_closed")).toEqual([]);
        expect(written("start_failed")).toHaveLength(5);
        expectExample(written("start_failed")[0]);
        expect(written("start_failed")[0]).toMatchObject({
          startReason: "first_request",
          failuresInARow: 1,
          cfRay: RAY,
        });
      },
      { nowMs: () => nowMs },
    );
  });

  it("by failurePolicy closes when the filter starts again", () => {
    const resolved = resolveGateway({ services: { lone: { ...MORTAL, failurePolicy: "open" } } });
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
    const service = { ...resolved.gateway.services[0]!, filter: unstartable };
    let nowMs = 1_790_000_000_000;
    const isolate = createIsolate();
    const starter = new InstanceStarter({
      filter: {
        service,
        host: {
          nowMs: () => nowMs,
          log: () => {},
          hasCluster: () => false,
          httpCall: async () => ({ ok: false, reason: "reset" }),
          randomBytes: () => {},
          shared: createSharedState(),
        },
        digestKey: "0".repeat(32),
        secrets: () => undefined,
      },
      runtime: { nowMs: () => nowMs, randomBytes: () => {}, limits: TIME_LIMITS },
      controller: { learned: nothingLearned("v1") },
      counters: noCounts(),
      ...{ isolate, owner: isolate.memory.owner("lone") },
      log: new EventLog("lone", () => nowMs),
      failed: () => {},
    });
    starter.start("first_request");
    expect([starter.passesUndecided, written("gate_opened").length]).toEqual([true, 1]);
    nowMs += 60_000;
    service.filter = mortal;
    starter.start("first_request", RAY);
    expect(starter.passesUndecided).toBe(false);
    expect(written("gate_closed")).toMatchObject([{ service: "lone", openMs: 60_000 }]);
    expectExample(written("gate_closed")[0]);
  });

  it("by failOpen opens when the server has been silent for long, and closes when it answers", () =>
    withService(
      { ...BUILT_IN, ...BALANCED, failOpen: true },
      TIME_LIMITS,
      async ({ service, authorization: server }) => {
        server.alwaysAnswer(503);
        expect(await service.decide(credentials)).not.toMatchObject({ kind: "continue" });
        await expect.poll(() => written("gate_opened").length, { timeout: 5_000 }).toBe(1);
        expectExample(written("gate_opened")[0]);
        expect(written("gate_opened")[0]).toMatchObject({ gate: "failOpen", cluster: "auth" });
        expect(await service.decide(credentials)).toMatchObject({ kind: "continue" });
        server.alwaysAnswer(200);
        await expect.poll(() => written("gate_closed").length, { timeout: 5_000 }).toBe(1);
        expectExample(written("gate_closed")[0]);
        expect(written("gate_closed")[0]).toMatchObject({ gate: "failOpen", state: "answering" });
      },
      { probeLimits: { intervalMs: 10, timeoutMs: 100, idleMs: 60_000, silenceMs: 50 } },
    ));

  it("that does not fail open has no line, however long the server is silent", () =>
    withService(
      { ...BUILT_IN, ...BALANCED },
      TIME_LIMITS,
      async ({ service, authorization: server }) => {
        server.alwaysAnswer(503);
        await service.decide(credentials);
        await expect.poll(() => service.stats().clusters.auth?.state, { timeout: 5_000 }).toBe("unreachable");
        expect(written("gate_opened")).toEqual([]);
      },
      { probeLimits: { intervalMs: 10, timeoutMs: 100, idleMs: 60_000, silenceMs: 50 } },
    ));
});

describe("an authorization server", () => {
  it("that fails has a line for its call, and others for its state", () =>
    withService(
      { ...BUILT_IN, ...BALANCED },
      TIME_LIMITS,
      async ({ service, authorization: server }) => {
        server.alwaysAnswer(503);
        await service.decide(credentials);
        expectExample(written("call_failed")[0]);
        expect(written("call_failed")[0]).toMatchObject({ reason: "unexpected status", status: 503, cfRay: RAY });
        await expect.poll(() => written("server_state").at(-1)?.state, { timeout: 5_000 }).toBe("unreachable");
        const silent = written("server_state").at(-1);
        expectExample(silent);
        expect(silent).toMatchObject({ sinceMs: service.stats().clusters.auth?.sinceMs });
        server.alwaysAnswer(200);
        await expect.poll(() => written("server_state").at(-1)?.state, { timeout: 5_000 }).toBe("answering");
        expectExample(written("server_state").at(-1));
        const states = written("server_state").map(({ state }) => state);
        expect(states.every((state, index) => state !== states[index - 1])).toBe(true);
      },
      { probeLimits: { intervalMs: 10, timeoutMs: 100, idleMs: 60_000, silenceMs: 50 } },
    ));
});

describe("a storage that fails", () => {
  it("has one line a minute", () => {
    let isFull = false;
    const throughStorage = (storage: DurableObjectStorage) =>
      new Proxy(storage, {
        get: (own, name) => {
          if (isFull && name === "put") return () => Promise.reject(new Error("quota exceeded"));
          const value: unknown = Reflect.get(own, name, own);
          return typeof value === "function" ? value.bind(own) : value;
        },
      });
    return withService(
      BUILT_IN,
      TIME_LIMITS,
      async ({ service, authorization: server }) => {
        server.alwaysAnswer(200);
        await service.decide(credentials);
        isFull = true;
        for (let n = 0; n < 3; n += 1) await service.purge();
        await expect.poll(() => service.stats().storage.failures).toBeGreaterThan(0);
        expect(written("storage_failed")).toHaveLength(1);
        expectExample(written("storage_failed")[0]);
        expect(written("storage_failed")[0]).toMatchObject({ service: "lone", failures: 1 });
      },
      { throughStorage },
    );
  });
});

describe("an isolate that is short of memory", () => {
  it("says which service it asked for what, and what the collection freed", () => {
    const isolate = createIsolate(undefined, undefined, {
      ...BUDGET_MARKS,
      highBytes: 2,
      lowBytes: 1,
      minGainBytes: 0,
    });
    return withService(
      BUILT_IN,
      TIME_LIMITS,
      async ({ service, authorization: server }) => {
        server.alwaysAnswer(200);
        for (let n = 0; n < 500; n += 1) await service.decide(head(["authorization", `Bearer ${SECRET}-${n}`]));
        await service.purge();
        await service.restarts.reclaimForIsolate();
        const [line] = written("budget");
        expectExample(line);
        expect(line).toMatchObject({ service: "lone", request: "restart", reason: "high_mark", highBytes: 2 });
        // The isolates of earlier tests may still be collecting.
        const reclaimed = () => written("reclaim").find(({ isolateId }) => isolateId === line?.isolateId);
        await expect.poll(reclaimed, { timeout: 10_000 }).toBeDefined();
        expectExample(reclaimed());
        expect(reclaimed()).toMatchObject({ service: null });
      },
      { isolate },
    );
  });
});
