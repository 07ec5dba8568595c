import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseClaimPath } from "./claim-path.ts";

const pathOf = (text: string) => {
  const parsed = parseClaimPath(text);
  return parsed.ok ? parsed.path : undefined;
};

describe("a claim's path", () => {
  it.each<[string, string[]]>([
    ["role", ["role"]],
    ["realm_access.roles", ["realm_access", "roles"]],
    ["a.b.c.d.e.f.g.h", ["a", "b", "c", "d", "e", "f", "g", "h"]],
    ["cognito:groups", ["cognito:groups"]],
    ["http://localhost/roles", ["http://localhost/roles"]],
    ["my claim", ["my claim"]],
    ["größe.名", ["größe", "名"]],
    ['["https://example.com/roles"]', ["https://example.com/roles"]],
    ['["https://example.com/app"].roles', ["https://example.com/app", "roles"]],
    ['a.["b.c"].d', ["a", "b.c", "d"]],
    ['["a\\"]b"]', ['a"]b']],
    ['["\\u0061"]', ["a"]],
    ['[" a "]', [" a "]],
    ["__proto__.constructor", ["__proto__", "constructor"]],
  ])("%s names %j", (text, path) => {
    expect(pathOf(text)).toEqual(path);
  });

  it.each([
    ...["", ".", ".a", "a.", "a..b", " a", "a ", "a. b", "a\u00a0.b", "a\u0000", "a\nb", "a\u007f", "\ud800", "\ufffd"],
    ...[
      "[",
      "]",
      "[]",
      '[""]',
      '["a"',
      '["a]',
      "[a]",
      "['a']",
      '["a"]b',
      'a["b"]',
      '["a"]["b"]',
      '["a"].',
      '[ "a"]',
      '"a"',
    ],
    ...['["\\x"]', '["a\\u000a"]', '["a\nb"]', '["\\ud800"]', "a.b.c.d.e.f.g.h.i"],
  ])("cannot be %j", (text) => {
    expect(pathOf(text)).toBeUndefined();
  });

  it.each(["https://example.com/roles", "a.b/c", "example.com/app.roles"])(
    "with dots and slashes, %s, needs brackets, and the message shows them",
    (text) => {
      const parsed = parseClaimPath(text);
      expect(parsed).toEqual({ ok: false, allowed: `a name with dots in brackets, such as ["${text}"]` });
      expect(pathOf(`["${text}"]`)).toEqual([text]);
    },
  );

  it("names what was meant, for any names in brackets", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => /^[^\p{Cc}\p{Cs}\ufffd]+$/u.test(text));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 8 }), (names) => {
        expect(pathOf(names.map((each) => `[${JSON.stringify(each)}]`).join("."))).toEqual(names);
      }),
    );
  });

  it("is read quickly, whatever it is", () => {
    const started = performance.now();
    for (const text of [
      '["'.repeat(500),
      `["${"\\".repeat(997)}`,
      `["${'\\"'.repeat(500)}`,
      "[".repeat(1_000),
      "a.".repeat(500),
    ]) {
      expect(pathOf(text)).toBeUndefined();
    }
    expect(performance.now() - started).toBeLessThan(100);
  });
});
