import { describe, expect, it } from "vitest";
import { parsePolicyFile, readPolicyFile } from "./read-policy-file.ts";

function complaintAbout(text: string): string {
  const read = parsePolicyFile("a.test.yaml", text);
  return read.ok ? "" : read.complaint;
}

function policyIn(text: string) {
  const read = parsePolicyFile("a.test.yaml", text);
  if (!read.ok) throw new Error(read.complaint);
  return read.file;
}

describe("a file of policy tests", () => {
  it("needs nothing but tests", () => {
    const { policy } = policyIn("tests: [GET / -> 401]");
    expect(policy).toMatchObject({ gateway: "gateway.config.ts", users: {}, environment: {} });
  });

  it("may be JSON", () => {
    const { policy } = policyIn('{ "users": { "ann": "refused" },\n "tests": ["GET / as ann -> 401"] }');
    expect(policy.users.ann).toMatchObject({ refusedWith: 403, scopes: [] });
  });

  it("has header names in lower case, and their values as texts", () => {
    const { policy } = policyIn(`
users:
  ann: { upstreamHeaders: { X-Level: 3, X-Admin: true } }
tests:
  - { request: GET /, headers: { X-A: b }, expect: { decision: 401, response: { WWW-Authenticate: null } } }`);
    expect(policy.users.ann?.upstreamHeaders).toEqual({ "x-level": "3", "x-admin": "true" });
    expect(policy.tests[0]).toMatchObject({
      headers: { "x-a": "b" },
      expected: { decision: { kind: "refuse", status: 401 }, response: { "www-authenticate": null } },
    });
  });

  it("knows the line of each of its parts", () => {
    const file = policyIn(
      "users:\n  ann:\n    scopes:\n      - a\n      - b\ntests:\n  - GET / -> 401\n\n  - GET / -> 402",
    );
    expect(file.lineOf(["users", "ann", "scopes", 1])).toBe(5);
    expect(file.lineOf(["tests", 1])).toBe(9);
    expect(file.lineOf(["tests", 1, "as"])).toBe(9);
    expect(file.lineOf(["users", "bob"])).toBe(1);
  });

  it.each([
    ["tests: []", "a.test.yaml:1: tests: found an empty list; allowed: a list of tests, 1 to 10000 of them."],
    ["{}", "tests: found nothing; allowed: a list of tests."],
    ["", "a.test.yaml:1: found null; allowed: an object with the fields gateway, host, environment, users, tests."],
    ["- GET / -> 401", "found a list of 1"],
    ["users: { ann: { scopes: a } }\ntests: [GET / -> 401]", 'users.ann.scopes: found "a"; allowed: a list of scopes'],
    ["users: { ann: { scopes: [a b] } }\ntests: [GET / -> 401]", "each without blanks"],
    [
      "users: { ann: yes }\ntests: [GET / -> 401]",
      'users.ann: found "yes"; allowed: an object with scopes, claims and others; or "refused".',
    ],
    ["users: { ann: { refused: 200 } }\ntests: [GET / -> 401]", "a whole number from 300 to 499"],
    ["users: { ann: { refused: false } }\ntests: [GET / -> 401]", "users.ann.refused: found false"],
    ["users: { ann: { claims: [a] } }\ntests: [GET / -> 401]", "an object of claims"],
    ["users: { ann: { may: [/orders//1] } }\ntests: [GET / -> 401]", "a path without empty segments"],
    ['users: { ann: { sends: { "a b": c } } }\ntests: [GET / -> 401]', "names of HTTP headers"],
    ['users: { ann: { sends: { a: "b\\r\\nc: d" } } }\ntests: [GET / -> 401]', "a text without control characters"],
    ["users: { __proto__: {} }\ntests: [GET / -> 401]", "names other than __proto__"],
    ["tests: [{ request: GET /, host: a b, expect: 401 }]", 'tests[0].host: found "a b"'],
    ["tests: [{ request: GET /, expect: { decision: 401, upstreams: {} } }]", '(did you mean "upstream"?)'],
    ["tests: [{ request: GET /, headers: { Host: a }, expect: 401 }]", "headers other than host"],
    ["users: { ann: { sends: { Transfer-Encoding: chunked } } }\ntests: [GET / -> 401]", "headers other than host"],
    ['tests: [{ request: GET /, headers: { a: "\\x01" }, expect: 401 }]', "a text without control characters"],
    ["environment: { A: 1 }\ntests: [GET / -> 401]", "environment.A: found 1"],
  ])("is explained where it is wrong: %j", (text, complaint) => {
    expect(complaintAbout(text)).toContain(complaint);
  });

  it("names the line of every mistake, in order", () => {
    const complaint = complaintAbout("tests:\n  - GET /\n  - get / -> 401\nuser: {}");
    expect(complaint.split("\n").map((line) => line.split(" ", 2).join(" "))).toEqual([
      "a.test.yaml:2: tests[0]:",
      "a.test.yaml:3: tests[1]:",
      "a.test.yaml:4: user:",
    ]);
  });

  it("has each user once", () => {
    expect(complaintAbout("users:\n  ann: {}\n  ann: {}\ntests: [GET / -> 401]")).toBe(
      "a.test.yaml:3: ann is there twice; allowed: each name once",
    );
  });

  it("is refused if it is no YAML, or aliases would make it huge", () => {
    expect(complaintAbout("tests: [")).toMatch(/^a\.test\.yaml:1: /);
    expect(complaintAbout("tests: *unknown")).toMatch(/^a\.test\.yaml:?\d*: .*unknown/);
    const bomb = Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`).join("\n");
    expect(complaintAbout(`a0: &a0 [x]\n${bomb}`)).toMatch(/alias/i);
  });

  it("is refused if it cannot be read", async () => {
    expect(await readPolicyFile("scripts/none.yaml")).toEqual({
      ok: false,
      complaint: "scripts/none.yaml does not exist",
    });
    expect(await readPolicyFile("scripts")).toEqual({ ok: false, complaint: "scripts is a folder" });
  });
});
