import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decisionText, parseDecision, parseRequestLine, parseTestLine, whyNeverDecided } from "./test-line.ts";

describe("a test in one line", () => {
  it("has a request, a user and a decision", () => {
    expect(parseTestLine("POST /orders/1?a=b as ann -> 403 no_rule")).toEqual({
      request: { method: "POST", target: "/orders/1?a=b" },
      as: "ann",
      decision: { kind: "refuse", status: 403, reason: "no_rule" },
    });
  });

  it("may be without a user, with either arrow, and with more blanks", () => {
    const anonymous = { request: { method: "GET", target: "/" }, decision: { kind: "allow", isPublic: true } };
    for (const line of ["GET / -> allow (public)", "GET / → allow(public)", "  GET   /  ->  allow  (public) "]) {
      expect(parseTestLine(line), line).toEqual(anonymous);
    }
  });

  it.each([
    ["GET /orders/1", "the arrow is missing"],
    ["GET /orders/1 as ->  allow", 'after "as"'],
    ["GET /orders/1 as -> allow", 'after "as"'],
    ["GET /orders/1 as 1 -> allow", 'after "as", not "1"'],
    ["GET /orders/1 ann -> allow", 'not "GET /orders/1 ann" before it'],
    ["get /orders/1 -> allow", 'did you mean "GET"?'],
    ["TRACE /orders/1 -> 405", "that the gateway does not refuse"],
    ["BAN /orders/1 -> 401", "other than BAN"],
    ["GET orders -> allow", 'begins with "/"'],
    ["GET /größe -> allow", "percent-encoded"],
    ["GET / -> ", '"allow", "allow (public)"'],
    ["GET / -> deny", 'not "deny"'],
    ["GET / -> 403 no rule", 'not "403 no rule"'],
    ["GET / -> 99", "a status from 200 to 599, not 99"],
    ["GET / -> 1e9", 'not "1e9"'],
    ["-> allow", 'not "" before it'],
    ["", "the arrow is missing"],
  ])("is explained where it cannot be read: %s", (line, why) => {
    expect(parseTestLine(line)).toMatchObject({ allowed: expect.stringContaining(why) });
  });

  it("never crashes, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        for (const line of [left, `GET /${left} -> ${right}`, `GET / as ${left} -> allow`]) {
          expect(parseTestLine(line)).toBeTypeOf("object");
        }
        expect(parseRequestLine(left)).toBeTypeOf("object");
      }),
    );
  });
});

describe("a decision", () => {
  it("is written as it is read", () => {
    for (const text of ["allow", "allow (public)", "403", "403 no_rule"]) {
      const decision = parseDecision(text);
      expect("allowed" in decision ? decision.allowed : decisionText(decision)).toBe(text);
    }
  });

  it("can be met unless the gateway never gives the reason with the status", () => {
    const why = (status: number, reason?: string) => whyNeverDecided({ kind: "refuse", status, reason });
    expect(why(403)).toBeUndefined();
    expect(why(403, "no_rule")).toBeUndefined();
    expect(why(302, "denied")).toBeUndefined();
    expect(why(401, "no_rule")).toBe("403 no_rule; the gateway never gives this reason with 401");
    expect(why(403, "norule")).toContain('did you mean "no_rule"?');
    expect(why(403, "something_else_entirely")).toBe("a reason that the gateway gives");
  });
});
