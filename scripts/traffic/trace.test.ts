import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTrace } from "./testing/format-trace.ts";
import { parseTrace } from "./trace.ts";

describe("a trace", () => {
  test("is read request by request", () => {
    expect(parseTrace("t,client,key\n0.000,0,0\n2.502,1,7\n")).toEqual({
      requests: [
        { atSeconds: 0, client: 0, key: 0 },
        { atSeconds: 2.502, client: 1, key: 7 },
      ],
      problems: [],
    });
  });

  test("may lack its header, end without a newline, and come from Windows", () => {
    expect(parseTrace("1,2,3\r\n4,5,6").requests).toHaveLength(2);
    expect(parseTrace("\ufefft,client,key\r\n\r\n1,2,3\r\n")).toEqual({
      requests: [{ atSeconds: 1, client: 2, key: 3 }],
      problems: [],
    });
  });

  test("may be empty", () => {
    expect(parseTrace("")).toEqual({ requests: [], problems: [] });
    expect(parseTrace("t,client,key\n")).toEqual({ requests: [], problems: [] });
  });

  test("survives a round trip through its text", () => {
    const request = fc.record({ gapMs: fc.nat(100_000), client: fc.nat(), key: fc.nat() });
    fc.assert(
      fc.property(fc.array(request), (gaps) => {
        let atMs = 0;
        const requests = gaps.map(({ gapMs, client, key }) => {
          atMs += gapMs;
          return { atSeconds: atMs / 1000, client, key };
        });
        expect(parseTrace(formatTrace(requests))).toEqual({ requests, problems: [] });
      }),
    );
  });
});

describe("a bad line", () => {
  test("of a binary file is shown without control characters", () => {
    const { problems } = parseTrace("\u001b[2J\u0007,\u0000");
    expect(problems).toEqual([
      { line: 1, text: "\ufffd[2J\ufffd,\ufffd", reason: "expected 3 fields (t,client,key), found 2" },
    ]);
  });

  test.each([
    ["1,2", "expected 3 fields (t,client,key), found 2"],
    ["1,2,3,4", "expected 3 fields (t,client,key), found 4"],
    ["-1,2,3", "t is not a number of seconds from the start"],
    ["NaN,2,3", "t is not a number of seconds from the start"],
    ["1e999,2,3", "t is not a number of seconds from the start"],
    ["1,2.5,3", "client is not a whole number of at least 0"],
    ["1,,3", "client is not a whole number of at least 0"],
    ["1,2,99999999999999999999", "key is not a whole number of at least 0"],
    ["t,client,key", "t is not a number of seconds from the start"],
  ])("%j is left out with its number and the reason", (line, reason) => {
    const trace = parseTrace(`t,client,key\n0,0,0\n${line}\n9,9,9\n`);
    expect(trace.problems).toEqual([{ line: 3, text: line, reason }]);
    expect(trace.requests).toHaveLength(2);
  });

  test("that goes back in time is left out", () => {
    const trace = parseTrace("5,1,1\n4,1,1\n5,2,2\n");
    expect(trace.problems).toEqual([{ line: 2, text: "4,1,1", reason: "t is before the 5 s of an earlier line" }]);
    expect(trace.requests).toHaveLength(2);
  });

  test("of any size is shown only in part", () => {
    expect(parseTrace("x".repeat(1_000_000)).problems[0]?.text).toHaveLength(60);
  });

  test("never stops the reading, whatever the file holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { requests } = parseTrace(text);
        for (const request of requests) expect(Number.isFinite(request.atSeconds)).toBe(true);
      }),
    );
  });
});
