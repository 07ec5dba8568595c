import { describe, expect, it, vi } from "vitest";
import type { BuiltInServiceInput, OtherServiceInput } from "../../config/index.ts";
import asking from "../../test/workerd/guests/build/asking.wasm";
import bodyBeforeHead from "../../test/workerd/guests/build/body-before-head.wasm";
import { type Authorization, head, type LoneService, withService } from "../../test/workerd/lone-service.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { type Isolate, isolateSnapshot } from "../memory/isolate.ts";
import type { Answer } from "../stages/staged-answer.ts";

/** What happens to a replaced instance and the work it had begun. */

const SOON = { timeout: 10_000, interval: 5 };
const AN_HOUR = 3_600_000;
/** A drain short enough for a test to wait for its end. */
const SHORT = { pausedMs: AN_HOUR, drainMs: 20, tickWaitMs: AN_HOUR };
/** A drain that outlasts every test. */
const LONG = { ...SHORT, drainMs: AN_HOUR };

const common = {
  route: { prefix: "/lone" },
  upstream: { binding: "UPSTREAM" },
  clusters: { auth: { binding: "AUTHORIZATION", timeoutMs: 60_000 } },
} as const;
const BY_HEAD: BuiltInServiceInput = {
  ...common,
  filter,
  authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", uri: "none" },
};
const IN_STAGES: OtherServiceInput = {
  ...common,
  filter: asking,
  configuration: "",
  restart: { policy: "never" },
  stages: ["response-headers", "response-body"],
};
const BODY_FIRST: OtherServiceInput = {
  ...IN_STAGES,
  filter: bodyBeforeHead,
  stages: ["request-body"],
  body: { whileHeadersPaused: true },
};

const CREDENTIAL = ["authorization", "Bearer token"];
const replaceAtOnce = ({ service }: LoneService) => service.restarts.byPolicy("hard_limit");
const restart = ({ service }: LoneService) => service.restarts.byOperator("test");
const asked = (authorization: Authorization, times: number) =>
  vi.waitFor(() => expect(authorization.asked).toBe(times), SOON);
const drained = ({ service }: LoneService) =>
  vi.waitFor(() => expect(service.stats().drainingGenerations).toBe(0), SOON);

/** The exchange of a request that the filter passes at once. */
async function exchangeOf({ service }: LoneService) {
  const answer = await service.decide(head(["x-known", "yes"]));
  if (answer.kind !== "continue_in_stages") throw new Error(`answered ${answer.kind}`);
  return answer.exchange;
}

/** A response that streams through the filter: one chunk has passed, and the sender is silent until `send`. */
async function streamingResponse(lone: LoneService) {
  const exchange = await exchangeOf(lone);
  const sender = { cancelled: false, send: (_: string) => {} };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      sender.send = (text) => controller.enqueue(new TextEncoder().encode(text));
    },
    cancel() {
      sender.cancelled = true;
    },
  });
  const passed = await exchange.response({ status: 200, headers: [], endOfStream: false }, body);
  if (passed.kind !== "continue" || !(passed.body instanceof ReadableStream)) throw new Error("it does not stream");
  const reader = passed.body.getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  sender.send("one");
  expect(await next()).toBe("|one");
  return { exchange, sender, next };
}

/** Waits until V8 has collected `count` memories and none is retired. */
async function collected(isolate: Isolate, count: number): Promise<void> {
  await vi.waitFor(
    () => {
      isolate.reclaimer.probe();
      expect(isolateSnapshot(isolate)).toMatchObject({ retired: { count: 0 }, collected: { count } });
    },
    { timeout: 10_000, interval: 100 },
  );
}

function expectRefused(answer: Answer, reason: string): void {
  expect(answer).toMatchObject({ kind: "unavailable", reason });
}

describe.each([
  ["whose head alone the filter sees", BY_HEAD],
  ["with more stages than the head", IN_STAGES],
])("a request %s that waits on a replaced instance", (_, input) => {
  const deny = (authorization: Authorization, check: number) => authorization.answer(check, 403, { "x-deny": "yes" });

  it("finishes there, if that is within the drain", () =>
    withService(input, LONG, async (lone) => {
      const { service, authorization } = lone;
      const answer = service.decide(head(CREDENTIAL));
      await asked(authorization, 1);
      expect(await restart(lone)).toBe("restarted");
      expect(await restart(lone)).toBe("draining");
      deny(authorization, 1);
      expect(await answer).toMatchObject({ kind: "respond", status: 403 });
      await drained(lone);
      expect(authorization.asked).toBe(1);
      expect(await restart(lone)).toBe("restarted");
    }));

  it("is replayed on the next instance when the drain ends, and counts once", () =>
    withService(input, SHORT, async (lone) => {
      const { service, authorization } = lone;
      const answer = service.decide(head(CREDENTIAL));
      await asked(authorization, 1);
      expect(await restart(lone)).toBe("restarted");
      await asked(authorization, 2);
      expect(service.stats()).toMatchObject({ drainingGenerations: 0, openStreams: 1, requests: 0 });
      // No request waits for the old instance's call any more.
      authorization.answer(1, 200);
      deny(authorization, 2);
      expect(await answer).toMatchObject({ kind: "respond", status: 403 });
      expect(service.stats()).toMatchObject({ requests: 1, undecided: 0, outbound: 2, openStreams: 0 });
    }));

  it("is refused if one instance after another ends", () =>
    withService(input, LONG, async (lone) => {
      const { service, authorization } = lone;
      const answer = service.decide(head(CREDENTIAL));
      for (let life = 1; life <= 4; life += 1) {
        await asked(authorization, life);
        replaceAtOnce(lone);
        replaceAtOnce(lone);
      }
      expectRefused(await answer, "filter_failed");
      expect(authorization.asked).toBe(4);
      expect(service.stats()).toMatchObject({ requests: 1, undecided: 1 });
    }));
});

describe("at the end of an instance's drain", () => {
  it("a request whose refusal the filter holds back is replayed", () =>
    withService(IN_STAGES, SHORT, async (lone) => {
      const { service, authorization } = lone;
      const answer = service.decide(head());
      await asked(authorization, 1);
      authorization.answer(1, 403, { "x-deny": "yes", "x-hold": "yes" });
      await vi.waitFor(() => expect(service.stats().filterMetrics.held).toBe(1), SOON);
      await restart(lone);
      await asked(authorization, 2);
      authorization.answer(2, 200);
      expect(await answer).toMatchObject({ kind: "continue_in_stages" });
      expect(service.stats()).toMatchObject({ requests: 1, refusedInStages: 0, failuresInStages: 0 });
    }));

  it("a response whose head the filter holds back is refused: the upstream has acted on the request", () =>
    withService(IN_STAGES, SHORT, async (lone) => {
      const { service, authorization } = lone;
      const answer = service.decide(head());
      await asked(authorization, 1);
      authorization.answer(1, 200, { "x-hold": "yes" });
      const decided = await answer;
      if (decided.kind !== "continue_in_stages") throw new Error(`answered ${decided.kind}`);
      const response = decided.exchange.response({ status: 200, headers: [], endOfStream: true }, null);
      await restart(lone);
      expect(await response).toMatchObject({ kind: "unavailable", reason: "filter_failed" });
      expect(service.stats()).toMatchObject({ drainingGenerations: 0, requests: 1, failuresInStages: 1 });
      expect(authorization.asked).toBe(1);
    }));

  it("a response that arrives later is refused", () =>
    withService(IN_STAGES, SHORT, async (lone) => {
      const exchange = await exchangeOf(lone);
      await restart(lone);
      await drained(lone);
      const response = exchange.response({ status: 200, headers: [], endOfStream: true }, null);
      expect(await response).toMatchObject({ kind: "unavailable", reason: "filter_failed" });
    }));

  it("a streaming response is aborted even if its sender is silent, and the memory is collected", () =>
    withService(IN_STAGES, SHORT, async (lone) => {
      const { service, isolate } = lone;
      const { exchange, sender, next } = await streamingResponse(lone);
      await restart(lone);
      await expect(next()).rejects.toThrow();
      expect(sender.cancelled).toBe(true);
      expect(service.stats()).toMatchObject({ drainingGenerations: 0, failuresInStages: 1 });
      expect(isolateSnapshot(isolate).live.count).toBe(1);
      // Even though the exchange has not been disposed.
      await collected(isolate, 1);
      exchange[Symbol.dispose]();
      expect(await restart(lone)).toBe("restarted");
    }));

  it("a request that is held back for its body is refused: there is no second body", () =>
    withService(BODY_FIRST, SHORT, async (lone) => {
      const answer = await lone.service.decide(head([], false));
      if (answer.kind !== "body_first") throw new Error(`answered ${answer.kind}`);
      const silent = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new TextEncoder().encode("the beginning")),
      });
      const passing = answer.exchange.requestBody(silent);
      await restart(lone);
      expect(await passing).toMatchObject({ kind: "unavailable", reason: "filter_failed" });
      expect(lone.service.stats()).toMatchObject({ drainingGenerations: 0, undecided: 1 });
    }));
});

describe("an instance that is replaced at once while an older one still drains", () => {
  it("takes the older one's place: there are never more than two", () =>
    withService(IN_STAGES, LONG, async (lone) => {
      const { service, authorization, isolate } = lone;
      const oldest = await streamingResponse(lone);
      const waiting = service.decide(head());
      await asked(authorization, 1);
      replaceAtOnce(lone);
      expect(service.stats()).toMatchObject({ drainingGenerations: 1, openStreams: 0 });
      const older = await streamingResponse(lone);
      replaceAtOnce(lone);

      await expect(oldest.next()).rejects.toThrow();
      await asked(authorization, 2);
      expect(service.stats()).toMatchObject({ drainingGenerations: 1, openStreams: 1, restartCount: 2 });
      expect(isolateSnapshot(isolate)).toMatchObject({ live: { count: 2 }, retired: { count: 1 } });
      authorization.answer(2, 200);
      expect(await waiting).toMatchObject({ kind: "continue_in_stages" });

      // The instance replaced last continues.
      older.sender.send("two");
      expect(await older.next()).toBe("|two");
      older.exchange[Symbol.dispose]();
      await drained(lone);
    }));
});

describe("an instance that traps", () => {
  const die = ({ service }: LoneService) => service.decide(head(["x-die", "yes"]));

  it("is released at once: bodies that stream through it are aborted, and waiting requests are refused", () =>
    withService(IN_STAGES, LONG, async (lone) => {
      const { service, authorization, isolate } = lone;
      const { sender, next } = await streamingResponse(lone);
      const waiting = service.decide(head());
      await asked(authorization, 1);
      expectRefused(await die(lone), "filter_failed");
      expect(isolateSnapshot(isolate)).toMatchObject({ live: { count: 0 }, retired: { count: 1 } });
      expectRefused(await waiting, "filter_failed");
      await expect(next()).rejects.toThrow();
      expect(sender.cancelled).toBe(true);
      // The waiting request may have caused the trap, so it is not replayed.
      expect(authorization.asked).toBe(1);
      expect(service.stats()).toMatchObject({ traps: 1, undecided: 2, failuresInStages: 1 });
      await exchangeOf(lone);
      expect(service.stats()).toMatchObject({ startReason: "trap", drainingGenerations: 0 });
      await collected(isolate, 1);
    }));

  it("while it drains is released as well, and its successor continues", () =>
    withService(IN_STAGES, LONG, async (lone) => {
      const { service, isolate } = lone;
      const old = await streamingResponse(lone);
      const idle = await exchangeOf(lone);
      await restart(lone);
      const fresh = await streamingResponse(lone);
      old.sender.send("Trap");
      await expect(old.next()).rejects.toThrow();
      // Even though none of its exchanges has been disposed.
      await drained(lone);
      expect(isolateSnapshot(isolate)).toMatchObject({ live: { count: 1 }, retired: { count: 1 } });
      idle[Symbol.dispose]();
      fresh.sender.send("two");
      expect(await fresh.next()).toBe("|two");
      expect(service.stats()).toMatchObject({ startReason: "restart", openStreams: 1 });
      fresh.exchange[Symbol.dispose]();
    }));
});
