import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { questionOf, volatileParts } from "./question.ts";

const call = {
  cluster: "auth",
  headers: [
    [":method", "POST"],
    [":path", "/introspect"],
    ["authorization", "Bearer a"],
  ] as [string, string][],
  body: new TextEncoder().encode("token=abc"),
};

describe("the question of an outbound call", () => {
  it("is the same for equal calls", () => {
    expect(questionOf({ ...call, body: Uint8Array.from(call.body) }, 7)).toBe(questionOf(call, 7));
  });

  it("differs with the cluster, each header, the body and the salt", () => {
    const questions = [
      questionOf(call, 7),
      questionOf(call, 8),
      questionOf({ ...call, cluster: "aut" }, 7),
      questionOf({ ...call, headers: [[":methodP", "OST"], ...call.headers.slice(1)] }, 7),
      questionOf({ ...call, headers: [...call.headers.slice(0, 2), ["authorization", "Bearer b"]] }, 7),
      questionOf({ ...call, body: new TextEncoder().encode("token=abd") }, 7),
    ];
    expect(new Set(questions).size).toBe(questions.length);
  });

  it("does not depend on headers that differ in every call", () => {
    const traced = {
      ...call,
      headers: [...call.headers, ["X-Request-Id", "1"], ["traceparent", "00-1"]] as [string, string][],
    };
    expect(questionOf(traced, 7)).toBe(questionOf(call, 7));
  });

  it("does not depend on headers outside the decision's key, also where these are in the body", () => {
    const volatile = volatileParts(["b3", "x-trace"]);
    const asked = (headers: [string, string][], inBody: object) =>
      questionOf(
        {
          ...call,
          headers: [...call.headers, ...headers],
          body: new TextEncoder().encode(JSON.stringify({ input: { headers: inBody, uri: "/1" } })),
        },
        7,
        volatile,
      );
    const question = asked([["b3", "1"]], { "x-tenant": "t", b3: '1"\\', "x-trace": "" });
    expect(asked([["b3", "2"]], { "x-tenant": "t", b3: "2,", "x-trace": '"b3":"' })).toBe(question);
    expect(asked([], { "x-tenant": "t" })).toBe(question);
    expect(asked([], { "x-tenant": "u" })).not.toBe(question);
    expect(asked([], { "x-tenant": 't","b3":"1' })).not.toBe(question);
    expect(asked([], { "x-tenant": "t", "x-b3": "1" })).not.toBe(question);
  });

  it("spreads evenly over 32 bits without a sign", () => {
    const quarters = [0, 0, 0, 0];
    for (let n = 0; n < 4_000; n += 1) {
      quarters[Math.floor(questionOf({ ...call, body: new TextEncoder().encode(`token=${n}`) }, 7) / 2 ** 30)]! += 1;
    }
    for (const count of quarters) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    fc.assert(
      fc.property(fc.string(), fc.nat(), (cluster, salt) => {
        const question = questionOf({ ...call, cluster }, salt);
        expect(question).toBeGreaterThanOrEqual(0);
        expect(question).toBeLessThan(2 ** 32);
      }),
    );
  });
});
