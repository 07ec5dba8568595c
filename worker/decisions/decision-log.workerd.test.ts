import { describe, expect, it } from "vitest";
import type { DecisionLogging } from "../../config/gateway.ts";
import type { Env } from "../../durable/environment.ts";
import type { Incoming } from "../incoming.ts";
import { DECISION_LIMITS, DecisionLog } from "./decision-log.ts";

type Line = Readonly<Record<string, unknown>>;

function logging(log: DecisionLogging | undefined, random = () => 0.5) {
  const written: Line[] = [];
  const clock = { nowMs: 1_790_000_000_000 };
  const work: Promise<unknown>[] = [];
  const decisions = new DecisionLog({
    keySecret: "EBB_KEY",
    nowMs: () => clock.nowMs,
    random,
    write: (line) => written.push(JSON.parse(line)),
  });
  const service = { name: "orders", rules: [], unmatched: "authenticate", filterKind: { kind: "other" }, log };
  const begin = (method = "GET", headers: Record<string, string> = {}) => {
    const request = new Request("https://gateway.example/orders/1", { headers });
    const target = { path: "/orders/1", query: "", host: "gateway.example", scheme: "https" };
    const incoming = { request, method, service, target, receivedQuery: "", env: {} as Env, asksWebSocket: false };
    return decisions.begin(incoming as unknown as Incoming, { waitUntil: (promise) => void work.push(promise) });
  };
  const lines = async () => {
    await Promise.all(work);
    return written;
  };
  return { begin, clock, lines };
}

const ALL = { decisions: "all", sample: 1 } as const;
const denied = () => new Response(null, { status: 403, headers: { "x-ebb-reason": "denied" } });

describe("the log of decisions", () => {
  it("costs nothing while it is off", () => {
    expect(logging(undefined).begin()).toBeUndefined();
  });

  it("has the time until the decision, and no time that runs back", async () => {
    const { begin, clock, lines } = logging(ALL);
    const [first, second] = [begin(), begin()];
    clock.nowMs += 12.6;
    first?.allowed("server");
    clock.nowMs -= 3_600_000;
    second?.allowed("cache");
    expect(await lines()).toMatchObject([
      { time: "2026-09-21T14:13:20.012Z", tookMs: 13, outcome: "allowed", reason: "server", credential: null },
      { tookMs: 0, reason: "cache" },
    ]);
  });

  it("has no allows if only refusals are wanted, but those that only a report saves", async () => {
    const { begin, lines } = logging({ decisions: "refused", sample: 1 });
    begin()?.allowed("cache");
    begin()?.reportOnly(403);
    begin()?.replied(denied());
    begin()?.failed();
    expect((await lines()).map(({ reason }) => reason)).toEqual(["report_only", "denied", "internal_error"]);
  });

  it("has the share of lines that is wanted", async () => {
    const shares = [0, 0.1, 0.29, 0.3, 0.99];
    const { begin, lines } = logging({ decisions: "all", sample: 0.3 }, () => shares.shift()!);
    for (let n = 0; n < 5; n += 1) begin()?.replied(denied());
    expect(await lines()).toHaveLength(3);
    const none = logging({ decisions: "all", sample: 0 }, () => 0);
    none.begin()?.failed();
    expect(await none.lines()).toEqual([]);
    const every = logging(ALL, () => 1 - Number.EPSILON);
    every.begin()?.failed();
    expect(await every.lines()).toHaveLength(1);
  });

  it("has so many lines a second, and then says how many it left out", async () => {
    const { begin, clock, lines } = logging(ALL);
    for (let n = 0; n < DECISION_LIMITS.lines + 7; n += 1) begin()?.allowed("cache");
    expect(await lines()).toHaveLength(DECISION_LIMITS.lines);
    clock.nowMs += DECISION_LIMITS.intervalMs;
    begin()?.allowed("cache");
    begin()?.allowed("cache");
    expect((await lines()).slice(-2).map(({ leftOut }) => leftOut)).toEqual([7, undefined]);
  });

  it("has no method and no ray that a client makes up", async () => {
    const { begin, lines } = logging(ALL);
    begin("SECRET", { "cf-ray": "secret" })?.allowed("cache");
    begin("GET", { "cf-ray": "8f1c2a3b4d5e6f70-FRA" })?.allowed("cache");
    expect(await lines()).toMatchObject([
      { method: "other", cfRay: null },
      { method: "GET", cfRay: "8f1c2a3b4d5e6f70-FRA" },
    ]);
  });
});
