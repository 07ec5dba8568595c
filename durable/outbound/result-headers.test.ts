import { describe, expect, it } from "vitest";
import { headersOfResult, RESULT_LIMITS, UNUSABLE } from "./result-headers.ts";

const NAMES = ["set-cookie", "x-plan"];
const bytes = (text: string) => new TextEncoder().encode(text);
const ofReply = (reply: unknown, names: readonly string[] = NAMES) =>
  headersOfResult(names, bytes(JSON.stringify(reply)));
const adding = (response_headers_to_add: unknown, more: object = { allowed: true }) =>
  ofReply({ result: { response_headers_to_add, ...more } });

describe("the headers that a result of OPA gives the client", () => {
  it("are the named ones of an object or of a list of objects, each value in a line", () => {
    const lines = [
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2, 3"],
      ["x-plan", "gold"],
    ];
    expect(adding({ "Set-Cookie": ["a=1", "b=2, 3"], "X-PLAN": "gold", "x-other": "1" })).toEqual(lines);
    expect(adding([{ "set-cookie": "a=1" }, null, { "Set-Cookie": "b=2, 3", "x-plan": ["gold"] }])).toEqual(lines);
    expect(adding({ "x-plan": "gold" }, { allow: true })).toEqual([["x-plan", "gold"]]);
  });

  it.each([[undefined], [null], [{}], [[]], [{ "x-plan": null }], [{ "x-plan": [] }]])("are none in %j", (added) => {
    expect(adding(added)).toEqual([]);
  });

  it.each([[{ allowed: false }], [{}], [{ allowed: "true" }], [{ allowed: 1 }], [{ allowed: null }]])(
    "are none beside %j, which allows nothing, whatever they are",
    (decision) => {
      expect(adding({ "x-plan": "gold" }, decision)).toEqual([]);
      expect(adding("no object", decision)).toEqual([]);
    },
  );

  it.each([
    [true],
    [null],
    [[]],
    ["x"],
    [{ result: true }],
    [{ result: [{ allowed: true }] }],
    [{ result: "allowed" }],
  ])("are none in the reply %j", (reply) => {
    expect(ofReply(reply)).toEqual([]);
  });

  it.each<[string, unknown]>([
    ["a text", "x-plan: gold"],
    ["a number", 7],
    ["a list of texts", ["x-plan"]],
    ["a list of lists", [[{ "x-plan": "gold" }]]],
    ["a value that is a number", { "x-plan": 7 }],
    ["a value that is an object", { "x-plan": { value: "gold" } }],
    ["null in a list of values", { "x-plan": ["gold", null] }],
    ["a list in a list of values", { "x-plan": [["gold"]] }],
    ["a line break", { "x-plan": "gold\r\nset-cookie: a=b" }],
    ["a line feed", { "set-cookie": "a=b\nc" }],
    ["NUL", { "x-plan": "go\0ld" }],
    ["a C1 control", { "x-plan": "go\u0085ld" }],
    ["half a character", { "x-plan": "go\ud800ld" }],
    ["what stands for unreadable bytes", { "x-plan": "go\ufffdld" }],
    ["a blank at an end", { "x-plan": "gold " }],
    ["an empty text", { "x-plan": "" }],
    ["too many lines", { "set-cookie": Array.from({ length: RESULT_LIMITS.headers + 1 }, (_, at) => `a${at}=1`) }],
    ["too many lines in several objects", Array(RESULT_LIMITS.headers + 1).fill({ "x-plan": "gold" })],
  ])("cannot be given, so the result is unusable: %s", (_, added) => {
    expect(adding(added)).toBe(UNUSABLE);
  });

  it("are the last of those that one object has by the same name, and each of those that differ in case", () => {
    const twice = '{"x-plan": "silver", "x-plan": "gold", "X-Plan": "also"}';
    expect(headersOfResult(NAMES, bytes(`{"result": {"allowed": true, "response_headers_to_add": ${twice}}}`))).toEqual(
      [
        ["x-plan", "gold"],
        ["x-plan", "also"],
      ],
    );
  });

  it("are not read if nothing names them", () => {
    expect(adding({ "x-other": 7, "x-another": "a\r\nb", "x\r\ny": "z", __proto__: "a" })).toEqual([]);
  });

  it("are those of own members only", () => {
    expect(headersOfResult(NAMES, bytes('{"__proto__": {"result": {"allowed": true}}}'))).toEqual([]);
    const hidden = '{"result": {"__proto__": {"allowed": true}, "response_headers_to_add": {"x-plan": "gold"}}}';
    expect(headersOfResult(NAMES, bytes(hidden))).toEqual([]);
    const proto = '{"result": {"allowed": true, "response_headers_to_add": {"__proto__": {"x-plan": "gold"}}}}';
    expect(headersOfResult(NAMES, bytes(proto))).toEqual([]);
  });

  it.each([
    ["no JSON", bytes('{"result": ')],
    ["a byte order mark", bytes('\ufeff{"result": true}')],
    [
      "bytes that are not UTF-8",
      new Uint8Array([...bytes('{"result": {"allowed": true, "x": "'), 0xff, ...bytes('"}}')]),
    ],
    ["nothing", new Uint8Array(0)],
  ])("cannot be read in %s", (_, body) => {
    expect(headersOfResult(NAMES, body)).toBe(UNUSABLE);
  });

  it("are not looked for in a reply that is too long for the filter", () => {
    const body = (size: number) => bytes(`{"result": {"allowed": true, "response_headers_to_add": 7}}`.padEnd(size));
    expect(headersOfResult(NAMES, body(RESULT_LIMITS.replyBytes))).toBe(UNUSABLE);
    expect(headersOfResult(NAMES, body(RESULT_LIMITS.replyBytes + 1))).toEqual([]);
    const deep = bytes(`{"result": ${"[".repeat(15_000)}${"]".repeat(15_000)}}`);
    expect(headersOfResult(NAMES, deep)).toEqual([]);
  });
});
