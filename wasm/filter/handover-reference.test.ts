/**
 * Compares a series of instances, each handing over to the next at any moment, with one that is never replaced: the same
 * requests, replies, purges and times must lead to the same decisions and the same calls.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { OutboundCall, OutboundResult } from "../host/index.ts";
import {
  configuration,
  filterModule,
  forwardAuth,
  Harness,
  noReply,
  outcome,
  reply,
  valuesOf,
} from "./testing/harness.ts";

const module = filterModule();
const plugin = configuration({
  protocol: forwardAuth({ upstreamHeaders: ["x-user"] }),
  cache: { maxTtlMs: 60_000, denyTtlMs: 5_000, staleIfErrorMs: 20_000, maxBytes: 33_554_432 },
});
const BUDGET_BYTES = 33_554_432;

type Answer = "allow" | "large" | "deny" | "no-store" | "unreachable";
type Step =
  /** `held`: if it causes a call, a later step answers it. */
  | { kind: "ask"; token: number; path: number; answer: Answer; held: boolean }
  | { kind: "answer"; which: number; answer: Answer }
  | { kind: "wait"; ms: number; ticks: boolean }
  | { kind: "purge"; token: number | undefined }
  | { kind: "begin" }
  | { kind: "chunk" }
  | { kind: "switch" };

function resultOf(answer: Answer, serial: number): OutboundResult {
  if (answer === "unreachable") return noReply("unreachable");
  if (answer === "deny") return reply(403, [], `no ${serial}`);
  const size = answer === "large" ? 9_000 : 1;
  return reply(200, [
    ["x-user", `${serial}-${"u".repeat(size)}`],
    ...(answer === "no-store" ? ([["cache-control", "no-store"]] satisfies [string, string][]) : []),
  ]);
}

interface Held {
  key: string;
  answer: (result: OutboundResult) => void;
}

function keyOf({ headers }: OutboundCall): string {
  const header = (name: string) => headers.find(([candidate]) => candidate === name)?.[1];
  return `${header("authorization")} ${header("x-forwarded-uri")}`;
}

/** A series of instances; the last one serves, and `filling` is the next. */
class Line {
  readonly held: Held[] = [];
  readonly decisions: string[] = [];
  calls = 0;
  /** The server's answer to the next call. */
  reply: OutboundResult | "hold" = "hold";
  #generations: Harness[] = [];
  #filling: Harness | undefined;
  #now = 1_790_000_000_000;

  constructor() {
    this.#generations.push(this.#start());
  }

  get #serving(): Harness {
    return this.#generations.at(-1)!;
  }

  get #living(): Harness[] {
    return this.#filling === undefined ? this.#generations : [...this.#generations, this.#filling];
  }

  #start(): Harness {
    const harness = new Harness(plugin, module);
    harness.now = this.#now;
    harness.server = (call) => {
      this.calls += 1;
      if (this.reply !== "hold") return this.reply;
      return new Promise((answer) => this.held.push({ key: keyOf(call), answer }));
    };
    return harness;
  }

  ask(token: number, path: number): void {
    const at = this.decisions.push("waits") - 1;
    Promise.resolve(this.#serving.ask({ token: `t${token}`, path: `/${path}` })).then((decision) => {
      this.decisions[at] = `${outcome(decision)} ${valuesOf(decision, "x-user")}`;
    });
  }

  wait(ms: number, ticks: boolean): void {
    this.#now += ms;
    for (const harness of this.#living) {
      if (ticks) harness.advance(ms);
      else harness.now += ms;
    }
  }

  purge(token: number | undefined): void {
    for (const { handover } of this.#living) {
      if (token === undefined) handover.purgeAll();
      else handover.purgeCredential(`t${token}`);
    }
  }

  begin(): void {
    this.#filling = this.#start();
    this.#serving.handover.begin(BUDGET_BYTES);
  }

  chunk(): void {
    if (this.#filling !== undefined) this.#serving.handover.moveTo(this.#filling.handover, 32_768);
  }

  switch(): void {
    if (this.#filling === undefined) return;
    const old = this.#serving;
    this.#generations.push(this.#filling);
    this.#filling = undefined;
    this.#tell(old);
    old.onReply = () => this.#tell(old);
  }

  /** Passes changes on, from one generation to the next. */
  #tell(from: Harness): void {
    for (let at = this.#generations.indexOf(from); at + 1 < this.#generations.length; at += 1) {
      const [old, next] = [this.#generations[at]!, this.#generations[at + 1]!];
      for (let step = old.handover.moveTo(next.handover); step.kind !== "up-to-date"; ) {
        if (step.kind === "failed") throw new Error(step.message);
        step = old.handover.moveTo(next.handover);
      }
    }
  }
}

async function settled(): Promise<void> {
  await new Promise((done) => setTimeout(done));
}

const answers = fc.constantFrom<Answer>("allow", "large", "deny", "no-store", "unreachable");
/** Few, so that keys repeat. */
const tokens = fc.nat({ max: 2 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      token: tokens,
      path: fc.nat({ max: 1 }),
      answer: answers,
      held: fc.boolean(),
    }),
  },
  {
    weight: 5,
    // Only kept replies are shared across a switch; for any other reply each instance makes its own call.
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      which: fc.nat({ max: 5 }),
      answer: fc.constantFrom<Answer>("allow", "large", "deny"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat({ max: 40_000 }), ticks: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("purge" as const), token: fc.option(tokens, { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "begin" }) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "chunk" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "switch" }) },
);

it("many instances in a row make the same decisions and calls as one", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 80 }), async (script) => {
      const one = new Line();
      const many = new Line();
      let serial = 0;
      for (const step of script) {
        serial += 1;
        if (step.kind === "begin" || step.kind === "chunk" || step.kind === "switch") {
          many[step.kind]();
        } else if (step.kind === "answer") {
          const held = one.held.splice(step.which, 1)[0];
          if (held === undefined) continue;
          const same = many.held.findIndex(({ key }) => key === held.key);
          for (const line of [one, many]) line.reply = "hold";
          for (const { answer } of [held, ...many.held.splice(same, 1)]) answer(resultOf(step.answer, serial));
        } else {
          for (const line of [one, many]) {
            if (step.kind === "wait") line.wait(step.ms, step.ticks);
            if (step.kind === "purge") line.purge(step.token);
            if (step.kind !== "ask") continue;
            line.reply = step.held ? "hold" : resultOf(step.answer, serial);
            line.ask(step.token, step.path);
          }
        }
        await settled();
        expect(many.decisions).toEqual(one.decisions);
        expect(many.calls).toBe(one.calls);
        expect(many.held.map(({ key }) => key).sort()).toEqual(one.held.map(({ key }) => key).sort());
      }
    }),
    { numRuns: 200 },
  );
});
