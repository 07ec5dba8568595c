import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OtherServiceInput } from "../../config/index.ts";
import askingForEver from "../../test/workerd/guests/build/asking-for-ever.wasm";
import starting from "../../test/workerd/guests/build/starting.wasm";
import trappingAtReply from "../../test/workerd/guests/build/trapping-at-reply.wasm";
import { type Authorization, head, type LoneService, withService } from "../../test/workerd/lone-service.ts";

/**
 * Calls that a filter makes at its start. `starting` asks twice, the second time when it has the first reply, and refuses
 * requests with 503 until it has both: what is tested is that no request sees that.
 */

const AN_HOUR = 3_600_000;
/** Nothing here is over before its work is done. */
const PATIENT = { pausedMs: AN_HOUR, drainMs: AN_HOUR, tickWaitMs: AN_HOUR };
const HASTY = { ...PATIENT, tickWaitMs: 100 };
const SOON = { timeout: 10_000, interval: 5 };

const STARTING: OtherServiceInput = {
  route: { prefix: "/lone" },
  upstream: { binding: "UPSTREAM" },
  clusters: { auth: { binding: "AUTHORIZATION", timeoutMs: 60_000 } },
  filter: starting,
  configuration: "",
  restart: { policy: "never" },
};

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line) => void lines.push(String(line)));
});
afterEach(() => vi.restoreAllMocks());

const unanswered = () =>
  lines.filter((line) => line.includes("start_calls_unanswered")).map((line) => JSON.parse(line));
const asked = (authorization: Authorization, times: number) =>
  vi.waitFor(() => expect(authorization.asked).toBe(times), SOON);

/** Answers the two calls of a start, the first of which is this one. */
async function answerStart(authorization: Authorization, first: number): Promise<void> {
  await asked(authorization, first);
  authorization.answer(first, 200);
  await asked(authorization, first + 1);
  authorization.answer(first + 1, 200);
}

/** The kind of a decision, or "waiting" if it is not there yet. */
async function soon(answer: PromiseLike<{ readonly kind: string }> | { readonly kind: string }): Promise<string> {
  const late = new Promise<{ kind: string }>((resolve) => setTimeout(() => resolve({ kind: "waiting" }), 50));
  return (await Promise.race([answer, late])).kind;
}

const decide = ({ service }: LoneService, headers: string[] = []) => Promise.resolve(service.decide(head(headers)));

/** With a first instance that has its answers. */
function withStarted(test: (lone: LoneService) => Promise<void>) {
  return withService(STARTING, PATIENT, async (lone) => {
    const first = decide(lone);
    await answerStart(lone.authorization, 1);
    expect(await first).toMatchObject({ kind: "continue" });
    await test(lone);
  });
}

describe("the first requests", () => {
  it("wait, however many they are, for the calls of the start and those of their replies", () =>
    withService(STARTING, PATIENT, async (lone) => {
      const { authorization } = lone;
      const answers = Array.from({ length: 200 }, () => decide(lone));
      await asked(authorization, 1);
      authorization.answer(1, 200);
      await asked(authorization, 2);
      expect(await soon(answers[0]!)).toBe("waiting");
      authorization.answer(2, 200);
      for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ kind: "continue", by: "cache" });
      expect([authorization.asked, unanswered()]).toEqual([2, []]);
    }));

  it("go on without the answers after a time, with one line", () =>
    withService(STARTING, HASTY, async (lone) => {
      const startMs = Date.now();
      const answers = await Promise.all([decide(lone), decide(lone), decide(lone)]);
      expect(answers.map(({ kind }) => kind)).toEqual(["respond", "respond", "respond"]);
      expect(Date.now() - startMs).toBeGreaterThan(80);
      // Nobody waits again.
      expect(await soon(decide(lone))).toBe("respond");
      expect(unanswered()).toMatchObject([{ service: "lone", generation: 1, calls: 1, waitedMs: 100 }]);
      await answerStart(lone.authorization, 1);
      await vi.waitFor(async () => expect((await decide(lone)).kind).toBe("continue"), SOON);
    }));

  it("wait for a limited time too if the filter never stops to ask", () =>
    withService({ ...STARTING, filter: askingForEver }, HASTY, async (lone) => {
      const { authorization } = lone;
      const answering = setInterval(() => authorization.answer(authorization.asked, 200), 5);
      expect(await decide(lone)).toMatchObject({ kind: "continue" });
      expect(unanswered()).toHaveLength(1);
      expect(authorization.asked).toBeGreaterThan(5);
      expect(await soon(decide(lone))).toBe("continue");
      clearInterval(answering);
    }));

  it("of another service do not wait", () =>
    withService(STARTING, PATIENT, async (lone) => {
      const waiting = decide(lone);
      await withService(STARTING, PATIENT, async (other) => {
        other.authorization.alwaysAnswer(200);
        expect(await decide(other)).toMatchObject({ kind: "continue" });
      });
      expect(await soon(waiting)).toBe("waiting");
      lone.authorization.alwaysAnswer(200);
      await answerStart(lone.authorization, 1);
      await waiting;
    }));

  it("after an eviction wait again", () =>
    withStarted(async (lone) => {
      const next = await lone.again();
      const first = decide(next);
      await answerStart(lone.authorization, 3);
      expect(await first).toMatchObject({ kind: "continue" });
    }));

  it("after a trap wait for the calls of the fresh instance", () =>
    withStarted(async (lone) => {
      expect(await decide(lone, ["x-die", "yes"])).toMatchObject({ kind: "unavailable", reason: "filter_failed" });
      const next = decide(lone);
      await answerStart(lone.authorization, 3);
      expect(await next).toMatchObject({ kind: "continue" });
    }));
});

describe("a planned restart", () => {
  it("lets the old instance serve until the fresh one has its answers", () =>
    withStarted(async (lone) => {
      const restarting = lone.service.restarts.byOperator("test");
      await asked(lone.authorization, 3);
      expect(await soon(decide(lone))).toBe("continue");
      expect(lone.service.stats().generation).toBe(1);
      expect(await lone.service.restarts.byOperator("another")).toBe("under_way");
      await answerStart(lone.authorization, 3);
      expect(await restarting).toBe("restarted");
      expect(await soon(decide(lone))).toBe("continue");
      expect(lone.service.stats()).toMatchObject({ generation: 2, traps: 0 });
    }));

  it("switches without the answers when the time is over", () =>
    withService(STARTING, HASTY, async (lone) => {
      const first = decide(lone);
      await answerStart(lone.authorization, 1);
      await first;
      expect(await lone.service.restarts.byOperator("test")).toBe("restarted");
      expect(unanswered()).toMatchObject([{ generation: 2, calls: 1 }]);
      expect(await soon(decide(lone))).toBe("respond");
    }));

  it("gives way to a purge or a restart at the hard limit, whose requests wait for a third instance", () =>
    withStarted(async (lone) => {
      for (const [n, replaceAtOnce] of [
        () => lone.service.restarts.byPolicy("hard_limit"),
        () => void lone.service.purge(),
      ].entries()) {
        const before = lone.authorization.asked;
        const restarting = lone.service.restarts.byOperator("test");
        await asked(lone.authorization, before + 1);
        replaceAtOnce();
        const waiting = decide(lone);
        await asked(lone.authorization, before + 2);
        expect(await soon(waiting)).toBe("waiting");
        // Those of the instance that serves now.
        lone.authorization.answer(before + 2, 200);
        await asked(lone.authorization, before + 3);
        lone.authorization.answer(before + 3, 200);
        expect(await waiting).toMatchObject({ kind: "continue" });
        // Those of the instance that will not serve.
        lone.authorization.answer(before + 1, 200);
        await asked(lone.authorization, before + 4);
        lone.authorization.answer(before + 4, 200);
        expect(await restarting).toBe("cut_off");
        expect(lone.service.stats()).toMatchObject({ generation: 2 + n, drainingGenerations: 0 });
      }
    }));
});

describe("a filter that traps in the reply to a call of its start", () => {
  const TRAPPING = { ...STARTING, filter: trappingAtReply };

  it("is paused after the second time, and every request is refused", () =>
    withService(TRAPPING, PATIENT, async (lone) => {
      lone.authorization.alwaysAnswer(200);
      const answers = await Promise.all([decide(lone), decide(lone), decide(lone)]);
      for (const answer of answers) expect(answer).toMatchObject({ kind: "unavailable", reason: "filter_backoff" });
      expect(lone.service.stats()).toMatchObject({ traps: 2, undecided: 3 });
      expect(lone.authorization.asked).toBe(2);
    }));

  it("does not replace an instance that serves, and the trap is counted", () =>
    withService(TRAPPING, HASTY, async (lone) => {
      // Without an answer, the first instance serves.
      expect(await decide(lone)).toMatchObject({ kind: "continue" });
      const restarting = lone.service.restarts.byOperator("test");
      await asked(lone.authorization, 2);
      lone.authorization.answer(2, 200);
      expect(await restarting).toBe("cut_off");
      expect(await soon(decide(lone))).toBe("continue");
      expect(lone.service.stats()).toMatchObject({ generation: 1, traps: 1 });
    }));
});
