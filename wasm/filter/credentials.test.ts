/** Where the credential is found, and which credentials are refused because two parsers could read them differently. */
import { describe, expect, it } from "vitest";
import type { HeaderList } from "../host/index.ts";
import { bodyOf, configuration, forwardAuth, Harness, outcome, valuesOf } from "./testing/harness.ts";

const ALL_SOURCES = [
  { from: "authorization", schemes: ["bearer", "basic"] },
  { from: "header", name: "X-Api-Key" },
  { from: "cookie", name: "session" },
];

const asked = async (headers: HeaderList): Promise<{ outcome: string; sent: HeaderList }> => {
  const harness = new Harness(configuration({ credentials: ALL_SOURCES }));
  const decision = await harness.ask({ headers });
  const sent = harness.calls[0]?.headers.filter(([name]) => ["authorization", "x-api-key", "cookie"].includes(name));
  return { outcome: outcome(decision), sent: sent ?? [] };
};

describe("a credential", () => {
  it.each<[string, HeaderList, HeaderList[number]]>([
    ["Bearer", [["authorization", "Bearer abc.def-_~+/="]], ["authorization", "Bearer abc.def-_~+/="]],
    ["bearer in any case, with more spaces", [["authorization", "  bEARER   abc "]], ["authorization", "Bearer abc"]],
    ["Basic", [["authorization", "basic dTpw"]], ["authorization", "Basic dTpw"]],
    ["a named header", [["x-api-key", "k1"]], ["x-api-key", "k1"]],
    ["a cookie among others", [["cookie", "a=b; session=s1; c"]], ["cookie", "session=s1"]],
    [
      "a cookie in the second of two headers",
      [
        ["cookie", "a=b"],
        ["cookie", "session=s1"],
      ],
      ["cookie", "session=s1"],
    ],
  ])("is found as %s", async (_, headers, expected) => {
    expect(await asked(headers)).toEqual({ outcome: "continue", sent: [expected] });
  });

  it("from the first source that is present wins", async () => {
    expect(
      (
        await asked([
          ["x-api-key", "k"],
          ["cookie", "session=s"],
        ])
      ).sent,
    ).toEqual([["x-api-key", "k"]]);
    expect(
      (
        await asked([
          ["authorization", "Digest x"],
          ["cookie", "session=s"],
        ])
      ).sent,
    ).toEqual([["cookie", "session=s"]]);
    expect(
      (
        await asked([
          ["authorization", "Bearer"],
          ["x-api-key", "k"],
        ])
      ).sent,
    ).toEqual([["x-api-key", "k"]]);
  });

  it.each<[string, HeaderList]>([
    ["nothing", []],
    ["an empty token", [["authorization", "Bearer "]]],
    ["a scheme alone", [["authorization", "Bearer"]]],
    ["an unknown scheme", [["authorization", "Negotiate abc"]]],
    ["a scheme that only begins like one", [["authorization", "BearerX abc"]]],
    [
      "empty values everywhere",
      [
        ["authorization", ""],
        ["x-api-key", "  "],
        ["cookie", "session="],
      ],
    ],
    ["a cookie of another name", [["cookie", "xsession=1; Session=2; session"]]],
  ])("is missing: %s", async (_, headers) => {
    expect((await asked(headers)).outcome).toBe("401 missing_credential");
  });

  it.each<[string, HeaderList]>([
    [
      "two Authorization headers",
      [
        ["authorization", "Bearer a"],
        ["authorization", "Bearer b"],
      ],
    ],
    [
      "two Authorization headers, one of another scheme",
      [
        ["authorization", "Digest a"],
        ["authorization", "Bearer b"],
      ],
    ],
    ["two joined into one", [["authorization", "Bearer a, Bearer b"]]],
    [
      "two named headers",
      [
        ["x-api-key", "a"],
        ["x-api-key", "a"],
      ],
    ],
    ["two cookies", [["cookie", "session=a; session=b"]]],
    [
      "two cookies in two headers",
      [
        ["cookie", "session=a"],
        ["cookie", "session=a"],
      ],
    ],
    ["an unreadable byte", [["authorization", "Bearer a\ufffdb"]]],
    ["a byte beyond ASCII", [["x-api-key", "é"]]],
    ["a space inside", [["x-api-key", "a b"]]],
    ["a tab inside", [["authorization", "Bearer a\tb"]]],
    ["DEL", [["cookie", "session=a\x7f"]]],
    ["more than 8 KiB", [["authorization", `Bearer ${"a".repeat(8193)}`]]],
  ])("is malformed: %s", async (_, headers) => {
    expect((await asked(headers)).outcome).toBe("401 malformed_credential");
    expect((await asked(headers)).sent).toEqual([]);
  });

  it("of 8 KiB is accepted", async () => {
    expect((await asked([["x-api-key", "a".repeat(8192)]])).outcome).toBe("continue");
  });
});

describe("the 401", () => {
  it("has a challenge for each accepted scheme", async () => {
    const harness = new Harness(configuration({ credentials: ALL_SOURCES, realm: 'a "b" \\' }));
    const missing = await harness.ask();
    expect(valuesOf(missing, "www-authenticate")).toEqual([
      'Bearer realm="a \\"b\\" \\\\"',
      'Basic realm="a \\"b\\" \\\\", charset="UTF-8"',
    ]);
    expect(valuesOf(missing, "cache-control")).toEqual(["no-store"]);
    expect(valuesOf(missing, "content-type")).toEqual(["application/json"]);
    expect(bodyOf(missing)).toBe('{"error":"missing_credential"}');
    const malformed = await harness.ask({ token: "ä" });
    expect(valuesOf(malformed, "www-authenticate")?.[0]).toContain('error="invalid_token"');
  });

  it("has a challenge even if only cookies are accepted", async () => {
    const harness = new Harness(configuration({ credentials: [{ from: "cookie", name: "session" }] }));
    expect(valuesOf(await harness.ask(), "www-authenticate")).toEqual(['Bearer realm="orders"']);
  });
});

describe("other data in the request", () => {
  it.each<[string, HeaderList]>([
    ["an unreadable byte in a chosen header", [["x-tenant", "a\ufffd"]]],
    ["a control character in a chosen header", [["x-tenant", "a\x01"]]],
  ])("is refused with %s", async (_, headers) => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ requestHeaders: ["x-tenant"] }) }));
    expect(outcome(await harness.ask({ token: "abc", headers }))).toBe("400 header_not_utf8");
    expect(harness.calls).toHaveLength(0);
  });

  it("is refused with an unreadable byte in the path, unless the path is not sent", async () => {
    expect(outcome(await new Harness().ask({ token: "abc", path: "/a\ufffd" }))).toBe("400 header_not_utf8");
    const none = new Harness(configuration({ protocol: forwardAuth({ uri: "none" }) }));
    expect(outcome(await none.ask({ token: "abc", path: "/a\ufffd" }))).toBe("continue");
  });

  it("may contain other scripts", async () => {
    const harness = new Harness(configuration({ protocol: forwardAuth({ requestHeaders: ["x-tenant"] }) }));
    expect(outcome(await harness.ask({ token: "abc", headers: [["x-tenant", "Ωμέγα 🌊"]] }))).toBe("continue");
    expect(harness.lastCall().header("x-tenant")).toBe("Ωμέγα 🌊");
  });

  it("is ignored if it is not sent", async () => {
    expect(outcome(await new Harness().ask({ token: "abc", headers: [["x-other", "\ufffd"]] }))).toBe("continue");
  });

  it("is refused as too large beyond the filter's scratch memory, which does not grow", async () => {
    const harness = new Harness();
    const before = harness.instance.allocatedBytes;
    for (const size of [70_000, 120_000, 1_000_000]) {
      const decision = await harness.ask({ token: "abc", path: `/${"a".repeat(size)}` });
      expect(outcome(decision)).toBe("431 request_headers_too_large");
    }
    expect(harness.instance.allocatedBytes).toBe(before);
    expect(outcome(await harness.ask({ token: "abc", path: `/${"a".repeat(16_000)}` }))).toBe("continue");
  });
});
