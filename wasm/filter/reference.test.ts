/** Compares the cache with a simple one: the same requests, times and replies must lead to the same decisions and calls. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { OutboundResult } from "../host/index.ts";
import { configuration, forwardAuth, Harness, noReply, outcome, reply } from "./testing/harness.ts";

const MAX_TTL_MS = 60_000;
const DENY_TTL_MS = 5_000;
const STALE_MS = 20_000;

type Step =
  | { kind: "ask"; token: number; path: number; method: "GET" | "HEAD"; answer: Answer }
  | { kind: "wait"; ms: number; ticks: boolean };
type Answer =
  | { kind: "allow" | "deny" | "redirect"; maxAge: number | undefined }
  | { kind: "error" | "unreachable"; maxAge?: never };

/** The rules in their simplest form: a Map with expiry only at lookup. */
class PlainCache {
  readonly #entries = new Map<string, { decision: string; expires: number; drops: number }>();

  decide(key: string, answer: Answer, now: number): { decision: string; asks: boolean } {
    const entry = this.#entries.get(key);
    if (entry && now < entry.expires) return { decision: entry.decision, asks: false };
    if (answer.kind === "error" || answer.kind === "unreachable") {
      const isStale =
        answer.kind === "unreachable" && entry !== undefined && now < entry.drops && entry.decision === "continue";
      const failure =
        answer.kind === "error" ? "503 authorization_server_error" : "503 authorization_server_unreachable";
      return { decision: isStale ? "continue" : failure, asks: true };
    }
    const decision = { allow: "continue", deny: "403 denied", redirect: "302 denied" }[answer.kind];
    const ttl = { allow: MAX_TTL_MS, deny: DENY_TTL_MS, redirect: 0 }[answer.kind];
    const lifetime = Math.min(ttl, (answer.maxAge ?? Number.POSITIVE_INFINITY) * 1000);
    this.#entries.delete(key);
    if (lifetime > 0) {
      const stale = answer.kind === "allow" ? STALE_MS : 0;
      this.#entries.set(key, { decision, expires: now + lifetime, drops: now + lifetime + stale });
    }
    return { decision, asks: true };
  }
}

function resultOf(answer: Answer): OutboundResult {
  if (answer.kind === "unreachable") return noReply("unreachable");
  if (answer.kind === "error") return reply(500);
  const status = { allow: 200, deny: 403, redirect: 302 }[answer.kind];
  return reply(status, answer.maxAge === undefined ? [] : [["cache-control", `max-age=${answer.maxAge}`]]);
}

const answers: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("allow", "deny", "redirect"),
    maxAge: fc.option(fc.integer({ min: 0, max: 90 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constantFrom("error", "unreachable") }),
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      token: fc.nat(5),
      path: fc.nat(2),
      method: fc.constantFrom("GET" as const, "HEAD" as const),
      answer: answers,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.oneof(fc.nat(300), fc.nat(6_000), fc.nat(90_000), fc.constantFrom(5_000, 20_000, 60_000, 20_000_000)),
      ticks: fc.boolean(),
    }),
  },
);

it("decides and calls like a simple cache, for any sequence of requests, replies and times", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 80 }), async (sequence) => {
      const harness = new Harness(
        configuration({
          cache: { maxTtlMs: MAX_TTL_MS, denyTtlMs: DENY_TTL_MS, staleIfErrorMs: STALE_MS, maxBytes: 33_554_432 },
          protocol: forwardAuth({ uri: "path" }),
        }),
      );
      const plain = new PlainCache();
      for (const step of sequence) {
        if (step.kind === "wait") {
          if (step.ticks && step.ms < 100_000) harness.advance(step.ms);
          else harness.now += step.ms;
          continue;
        }
        const { token, path, method, answer } = step;
        const expected = plain.decide(`${token} ${path} ${method}`, answer, harness.now);
        harness.server = () => resultOf(answer);
        const decision = await harness.ask({ token: `t${token}`, path: `/p${path}`, method });
        expect({ decision: outcome(decision), asks: decision.calls === 1 }).toEqual(expected);
      }
      // Everything expires: no entry stays in memory beyond its lifetime.
      harness.now += MAX_TTL_MS + STALE_MS;
      harness.advance(3_000);
      expect(harness.metric("ebb_cache_entries")).toBe(0);
      expect(harness.metric("ebb_cache_live_bytes")).toBe(0);
    }),
    { numRuns: 200 },
  );
});
