import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutOperatorCookie } from "./without-operator-cookie.ts";

const OWN = "__Host-ebb-operator=OPERATOR_TOKEN.1.abc.def";

describe("the operator's cookie is removed, and every other keeps its bytes:", () => {
  it.each([
    [OWN, null],
    [` ${OWN} `, null],
    [`${OWN};`, null],
    [`${OWN}; ${OWN}`, null],
    [`a=1; ${OWN}`, "a=1"],
    [`${OWN}; a=1`, "a=1"],
    [`a=1; ${OWN}; b=2`, "a=1; b=2"],
    [`a=1;${OWN};b=2`, "a=1;b=2"],
    [`a=1;\t ${OWN} ;  b="2 3"`, 'a=1;  b="2 3"'],
    [`a=1, ${OWN}, b=2`, "a=1, b=2"],
    [`a=1,${OWN},b=2`, "a=1,b=2"],
    [`${OWN}; a=1; ${OWN}; ${OWN}; b=2; ${OWN}`, "a=1; b=2"],
    ["a=1; __Host-ebb-operator = x; b=2", "a=1; b=2"],
    ['a=1; __Host-ebb-operator="x y"; b=2', "a=1; b=2"],
    ["a=1; __Host-ebb-operator=x=y==; b=2", "a=1; b=2"],
    ["a=1; __Host-ebb-operator; b=2", "a=1; b=2"],
    ["a=1; __Host-ebb-operator=; b=2", "a=1; b=2"],
    [`; a=1; ${OWN}`, "; a=1"],
  ])("%j becomes %j", (received, sent) => {
    expect(withoutOperatorCookie(received)).toBe(sent);
  });
});

it.each([
  "",
  "a=1; b=2",
  "a=1; __Host-ebb-operator2=x",
  "x__Host-ebb-operator=x",
  "a=__Host-ebb-operator; b=2",
  "__host-ebb-operator=x",
  "__Secure-__Host-ebb-operator=x",
])("a header without that cookie stays as it is: %j", (received) => {
  expect(withoutOperatorCookie(received)).toBe(received);
});

it("nothing of the cookie is left, wherever it stands among others", () => {
  const other = fc.constantFrom("a=1", 'b="x y"', "c", "=", "", " ", "d=__Host-", "e=,f", "g=é");
  const part = fc.oneof(other, fc.constantFrom(OWN, `${OWN} `, "__Host-ebb-operator", `\t${OWN}`));
  const separator = fc.constantFrom("; ", ";", ", ", ",", ";\t");
  fc.assert(
    fc.property(fc.array(fc.tuple(part, separator)), (parts) => {
      const received = parts.map(([text, after]) => text + after).join("");
      const sent = withoutOperatorCookie(received) ?? "";
      const isOwn = (text: string) => text.trim().startsWith("__Host-ebb-operator");
      const cookies = (text: string) => text.split(/[;,]/).filter((cookie) => cookie.trim() !== "" && !isOwn(cookie));
      expect(sent.split(/[;,]/).some(isOwn)).toBe(false);
      expect(cookies(sent).map((text) => text.trim())).toEqual(cookies(received).map((text) => text.trim()));
    }),
  );
});

it("a long hostile header takes no time to speak of", () => {
  const received = `${"; ".repeat(16_000)}${"\t".repeat(16_000)}${OWN}x`.replaceAll("=", " ");
  const startMs = performance.now();
  withoutOperatorCookie(received);
  expect(performance.now() - startMs).toBeLessThan(500);
});
