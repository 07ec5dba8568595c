/** The rules of a correct decision cache; each rule answers a vulnerability of some real cache. */
import { describe, expect, it } from "vitest";
import type { HeaderList } from "../host/index.ts";
import {
  type AskOptions,
  configuration,
  forwardAuth,
  Harness,
  type Json,
  jwt,
  noReply,
  outcome,
  reply,
  valuesOf,
} from "./testing/harness.ts";

const CACHE = { maxTtlMs: 600_000, denyTtlMs: 10_000, staleIfErrorMs: 0, maxBytes: 33_554_432 };

/** The HTTP date this many seconds after the harness starts, for Expires and Date. */
function httpDate(seconds: number): string {
  return new Date(1_790_000_000_000 + seconds * 1000).toUTCString();
}

/** True if a decision with these reply headers is served from the cache after this time. */
async function isFreshAfter(ms: number, headers: HeaderList, token = "abc", status = 200): Promise<boolean> {
  const harness = new Harness();
  harness.server = () => reply(status, headers);
  await harness.ask({ token });
  harness.advance(ms);
  await harness.ask({ token });
  return harness.calls.length === 1;
}

describe("the key", () => {
  const rules = [{ name: "r1" }, { name: "r2" }];
  const same: AskOptions = { token: "abc", path: "/a?b", headers: [["x-tenant", "t"]], rule: "r1" };

  it.each<[string, AskOptions]>([
    ["the token", { ...same, token: "abd" }],
    ["the method", { ...same, method: "HEAD" }],
    ["the path", { ...same, path: "/b?b" }],
    ["the query", { ...same, path: "/a?c" }],
    ["the rule", { ...same, rule: "r2" }],
    ["a chosen header", { ...same, headers: [["x-tenant", "u"]] }],
    ["an absent chosen header", { ...same, headers: [] }],
    ["an empty chosen header", { ...same, headers: [["x-tenant", ""]] }],
    ["which of two chosen headers it is", { ...same, headers: [["x-region", "t"]] }],
    [
      "the place of the token",
      {
        ...same,
        token: undefined as never,
        headers: [
          ["x-tenant", "t"],
          ["x-key", "abc"],
        ],
      },
    ],
  ])("distinguishes %s", async (_, other) => {
    const harness = new Harness(
      configuration({
        rules,
        credentials: [{ from: "authorization" }, { from: "header", name: "x-key" }],
        protocol: forwardAuth({ requestHeaders: ["x-tenant", "x-region"] }),
      }),
    );
    await harness.ask(same);
    await harness.ask(other);
    expect(harness.calls).toHaveLength(2);
    await harness.ask(same);
    await harness.ask(other);
    expect(harness.calls).toHaveLength(2);
  });

  it("distinguishes a Bearer token from the same Basic token", async () => {
    const harness = new Harness(
      configuration({ credentials: [{ from: "authorization", schemes: ["bearer", "basic"] }] }),
    );
    await harness.ask({ headers: [["authorization", "Bearer dTpw"]] });
    await harness.ask({ headers: [["authorization", "Basic dTpw"]] });
    expect(harness.calls).toHaveLength(2);
  });

  it("excludes data that is not sent", async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ uri: "path" }) }));
    await harness.ask({ token: "abc", path: "/a?1", headers: [["x-other", "1"]] });
    await harness.ask({ token: "abc", path: "/a?2", headers: [["x-other", "2"]] });
    expect(harness.calls).toHaveLength(1);
  });
});

describe("the life of a decision", () => {
  it("ends maxTtlMs after the write, however often it is used", async () => {
    const harness = new Harness();
    await harness.ask({ token: "abc" });
    for (let minute = 0; minute < 9; minute++) {
      harness.advance(60_000);
      await harness.ask({ token: "abc" });
    }
    harness.advance(59_999);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(1);
    harness.advance(1);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(2);
  });

  it("is short for a denial", async () => {
    expect(await isFreshAfter(9_999, [], "abc", 403)).toBe(true);
    expect(await isFreshAfter(10_000, [], "abc", 403)).toBe(false);
  });

  it.each<[string, HeaderList]>([
    ["no-store", [["cache-control", "private, No-Store"]]],
    ["no-cache", [["cache-control", "no-cache"]]],
    ["no-cache for a field", [["cache-control", 'max-age=60, no-cache="x-user, y"']]],
    ["Pragma: no-cache", [["pragma", "no-cache"]]],
    ["Vary: *", [["vary", "accept, *"]]],
    ["a cookie", [["set-cookie", "a=1"]]],
    ["max-age=0", [["cache-control", "max-age=0"]]],
    ["a max-age that is not a number", [["cache-control", "max-age=soon"]]],
    ["Expires in the past", [["expires", httpDate(-1)]]],
    ["Expires of this very moment", [["expires", httpDate(0)]]],
    ["Expires: 0", [["expires", "0"]]],
    ["Expires: -1", [["expires", "-1"]]],
    ["an empty Expires", [["expires", ""]]],
    ["an Expires that is not a date", [["expires", "Thu, 30 Feb 2100 00:00:00 GMT"]]],
    ["two Expires, joined", [["expires", `${httpDate(60)}, ${httpDate(60)}`]]],
    [
      "two Expires, one of them past",
      [
        ["expires", httpDate(60)],
        ["expires", httpDate(-60)],
      ],
    ],
    [
      "Expires in the past beside a Cache-Control without an age",
      [
        ["cache-control", "private"],
        ["expires", httpDate(-1)],
      ],
    ],
    [
      "an Expires before the reply's own Date",
      [
        ["date", httpDate(120)],
        ["expires", httpDate(60)],
      ],
    ],
    [
      "an Expires whose lifetime is used up",
      [
        ["expires", httpDate(60)],
        ["age", "60"],
      ],
    ],
    [
      "a max-age whose lifetime is used up",
      [
        ["cache-control", "max-age=60"],
        ["age", "60"],
      ],
    ],
  ])("does not begin with %s", async (_, headers) => {
    expect(await isFreshAfter(0, headers)).toBe(false);
  });

  it("begins despite no-store and is not shortened by max-age if Cache-Control is not obeyed", async () => {
    const lenient = new Harness(configuration({ cache: { ...CACHE, obeyCacheControl: false } }));
    lenient.server = () =>
      reply(200, [
        ["cache-control", "no-store, max-age=0"],
        ["expires", "0"],
      ]);
    await lenient.ask({ token: "abc" });
    lenient.advance(599_999);
    await lenient.ask({ token: "abc" });
    expect(lenient.calls).toHaveLength(1);
  });

  it.each<[string, number, HeaderList]>([
    ["max-age", 30_000, [["cache-control", "private, max-age=30"]]],
    ["a quoted max-age", 30_000, [["cache-control", 'max-age="30"']]],
    [
      "max-age minus Age",
      20_000,
      [
        ["cache-control", "max-age=30"],
        ["age", "10"],
      ],
    ],
    [
      "the shorter of two",
      30_000,
      [
        ["cache-control", "max-age=60"],
        ["cache-control", "s-maxage=30"],
      ],
    ],
    ["a max-age beyond the configured time", 600_000, [["cache-control", "max-age=99999999999999999999"]]],
    ["a name that only begins like one", 600_000, [["cache-control", "x-no-store, max-agex=1"]]],
    ["a directive in quotes", 600_000, [["cache-control", 'x=", no-store, "']]],
    ["Expires", 30_000, [["expires", httpDate(30)]]],
    ["Expires with blanks around it", 30_000, [["expires", ` ${httpDate(30)}\t`]]],
    ["Expires as RFC 850 writes it", 30_000, [["expires", "Monday, 21-Sep-26 14:13:50 GMT"]]],
    ["Expires as asctime writes it", 30_000, [["expires", "Mon Sep 21 14:13:50 2026"]]],
    ["Expires of an RFC 850 year of the last century: not at all", 0, [["expires", "Sunday, 06-Nov-94 08:49:37 GMT"]]],
    [
      "Expires relative to the reply's own Date, if its clock is ahead",
      30_000,
      [
        ["date", httpDate(120)],
        ["expires", httpDate(150)],
      ],
    ],
    [
      "Expires minus the time since the reply's Date",
      20_000,
      [
        ["date", httpDate(-40)],
        ["expires", httpDate(20)],
      ],
    ],
    [
      "max-age, which overrides Expires",
      30_000,
      [
        ["expires", "0"],
        ["cache-control", "max-age=30"],
      ],
    ],
    [
      "s-maxage, which overrides Expires",
      30_000,
      [
        ["cache-control", "s-maxage=30"],
        ["expires", httpDate(-60)],
      ],
    ],
    ["an Expires far beyond the configured time", 600_000, [["expires", "Fri, 31 Dec 9999 23:59:59 GMT"]]],
  ])("is limited by %s", async (_, ms, headers) => {
    expect(await isFreshAfter(Math.max(ms - 1, 0), headers)).toBe(ms > 0);
    expect(await isFreshAfter(ms, headers)).toBe(false);
  });

  it("ends with the token's own exp, verified or not", async () => {
    const seconds = 1_790_000_000;
    expect(await isFreshAfter(29_999, [], jwt({ exp: seconds + 30 }))).toBe(true);
    expect(await isFreshAfter(30_000, [], jwt({ exp: seconds + 30 }))).toBe(false);
    expect(await isFreshAfter(0, [], jwt({ exp: seconds - 1 }))).toBe(false);
    expect(await isFreshAfter(5_000, [], jwt({ exp: seconds + 5 }), 403)).toBe(false);
    expect(await isFreshAfter(599_999, [], jwt({ exp: seconds + 9_999_999 }))).toBe(true);
  });

  it("is not extended by a token's claims, nor ended by nonsense in it", async () => {
    expect(await isFreshAfter(600_000, [], jwt({ exp: 1e300 }))).toBe(false);
    for (const token of ["a.b.c", "..", `a.${btoa("{")}.c`, jwt({ exp: "1" }), jwt({ nested: { exp: 1 } }), jwt({})]) {
      expect(await isFreshAfter(599_999, [], token.replaceAll("=", ""))).toBe(true);
    }
  });

  it("ends with the exp of an introspection reply, and does not begin if that is already past", async () => {
    const protocol = {
      ...{ type: "introspection", cluster: "auth", authority: "as", path: "/introspect", timeoutMs: 1000 },
      clientAuthentication: { type: "none" },
    };
    const harness = new Harness(configuration({ protocol }));
    harness.server = () => reply(200, [], { active: true, exp: harness.now / 1000 + 12.5 });
    await harness.ask({ token: "abc" });
    harness.advance(12_499);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(1);
    harness.advance(1);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(2);
    for (const exp of [0, -5, 1, 1_789_999_999]) {
      harness.server = () => reply(200, [], { active: true, exp });
      const before = harness.calls.length;
      expect(outcome(await harness.ask({ token: `t${exp}` }))).toBe("401 token_inactive");
      expect(outcome(await harness.ask({ token: `t${exp}` }))).toBe("401 token_inactive");
      expect(harness.calls.length - before).toBe(1);
    }
  });

  it("is not extended by a clock that is set back", async () => {
    const harness = new Harness();
    await harness.ask({ token: "abc" });
    harness.advance(300_000);
    await harness.ask({ token: "abc" });
    harness.now -= 3_600_000;
    await harness.ask({ token: "abc" });
    harness.advance(299_999);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(1);
    harness.advance(1);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(2);
  });

  it("of a token is not extended by a clock that is set back before the write", async () => {
    const harness = new Harness();
    const token = jwt({ exp: harness.now / 1000 + 100 });
    await harness.ask({ token: "other" });
    harness.now -= 3_600_000;
    await harness.ask({ token });
    harness.advance(100_000);
    await harness.ask({ token });
    expect(harness.calls).toHaveLength(3);
  });

  it("is shortened by a clock that jumped ahead and came back", async () => {
    const harness = new Harness();
    harness.now += 365 * 86_400_000;
    await harness.ask({ token: "abc" });
    harness.now -= 365 * 86_400_000;
    await harness.ask({ token: "abc" });
    harness.advance(600_000);
    await harness.ask({ token: "abc" });
    expect(harness.calls).toHaveLength(2);
  });

  it("is never kept with zero", async () => {
    const harness = new Harness(configuration({ cache: { ...CACHE, maxTtlMs: 0, denyTtlMs: 0 } }));
    for (const status of [200, 403]) {
      harness.server = () => reply(status);
      await harness.ask({ token: "abc" });
      await harness.ask({ token: "abc" });
    }
    expect(harness.calls).toHaveLength(4);
  });

  it("ends with a new decision for the same key", async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ upstreamHeaders: ["x-user"] }) }));
    harness.server = () =>
      reply(200, [
        ["x-user", "ada"],
        ["cache-control", "max-age=5"],
      ]);
    await harness.ask({ token: "abc" });
    harness.advance(5_000);
    harness.server = () => reply(403);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("403 denied");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("403 denied");
    expect(harness.metric("ebb_cache_entries")).toBe(1);
  });
});

describe("stale-if-error", () => {
  const stale = (changes: { [name: string]: Json } = {}): Harness =>
    new Harness(
      configuration({
        cache: { ...CACHE, maxTtlMs: 60_000, staleIfErrorMs: 30_000 },
        protocol: forwardAuth({ upstreamHeaders: ["x-user"] }),
        ...changes,
      }),
    );
  const ada = reply(200, [["x-user", "ada"]]);

  it("serves an earlier allow while the server fails for everyone, within its limit, counted, and calls each time", async () => {
    const harness = stale();
    harness.server = () => ada;
    await harness.ask({ token: "abc" });
    harness.advance(60_000);
    for (const fault of [noReply("unreachable"), noReply("failing"), noReply("unreachable"), noReply("failing")]) {
      harness.server = () => fault;
      const decision = await harness.ask({ token: "abc" });
      expect(outcome(decision)).toBe("continue");
      expect(valuesOf(decision, "x-user")).toEqual(["ada"]);
    }
    expect(harness.calls).toHaveLength(5);
    expect(harness.metric("ebb_cache_stale_served")).toBe(4);
    harness.advance(29_999);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("continue");
    harness.advance(1);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_unreachable");
  });

  it("is off by default", async () => {
    const harness = new Harness();
    await harness.ask({ token: "abc" });
    harness.advance(600_000);
    harness.server = () => noReply("unreachable");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_unreachable");
  });

  it("does not serve after garbage, a full queue, a single failed call, or a refusal", async () => {
    const harness = stale();
    harness.server = () => ada;
    await harness.ask({ token: "abc" });
    harness.advance(60_000);
    const replies = [199, 500, 502, 503, 504].map((status) => reply(status));
    const reasons = ["overflow", "rejected", "reset", "timeout", "suspended"] as const;
    for (const fault of [...replies, ...reasons.map((reason) => noReply(reason))]) {
      harness.server = () => fault;
      expect(outcome(await harness.ask({ token: "abc" }))).toMatch(/^503/);
    }
    harness.server = () => reply(404);
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("404 denied");
    harness.server = () => noReply("unreachable");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_unreachable");
  });

  it("never serves a stale denial", async () => {
    const harness = stale({ cache: { ...CACHE, staleIfErrorMs: 30_000 } });
    harness.server = () => reply(403);
    await harness.ask({ token: "abc" });
    harness.advance(10_000);
    harness.server = () => noReply("unreachable");
    expect(outcome(await harness.ask({ token: "abc" }))).toBe("503 authorization_server_unreachable");
  });

  it("never outlives the token, and obeys must-revalidate", async () => {
    for (const [token, headers] of [
      [jwt({ exp: 1_790_000_070 }), []],
      ["opaque", [["cache-control", "must-revalidate"]]],
    ] satisfies [string, HeaderList][]) {
      const harness = stale();
      harness.server = () => reply(200, headers);
      await harness.ask({ token });
      harness.server = () => noReply("unreachable");
      harness.advance(70_000);
      expect(outcome(await harness.ask({ token }))).toBe("503 authorization_server_unreachable");
    }
  });
});

describe("the metrics", () => {
  it("count events and report entries and live bytes", async () => {
    const harness = new Harness();
    for (let i = 0; i < 10; i++) await harness.ask({ token: `t${i % 5}` });
    expect(harness.metric("ebb_cache_hits")).toBe(5);
    expect(harness.metric("ebb_cache_misses")).toBe(5);
    expect(harness.metric("ebb_cache_inserts")).toBe(5);
    expect(harness.metric("ebb_cache_entries")).toBe(5);
    expect(harness.metric("ebb_cache_live_bytes")).toBe(5 * 60);
    harness.advance(602_000);
    expect(harness.metric("ebb_cache_expired")).toBe(5);
    expect(harness.metric("ebb_cache_entries")).toBe(0);
    expect(harness.metric("ebb_cache_live_bytes")).toBe(0);
  });

  it("reach the host once a second during hits", async () => {
    const harness = new Harness();
    await harness.ask({ token: "abc" });
    harness.ask({ token: "abc" });
    harness.now += 999;
    harness.ask({ token: "abc" });
    expect(harness.shared.metrics.value("ebb_cache_hits")).toBe(0);
    harness.now += 1;
    harness.ask({ token: "abc" });
    expect(harness.shared.metrics.value("ebb_cache_hits")).toBe(3);
  });
});
