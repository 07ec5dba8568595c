import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isGivenTwice, parameterNamed, withoutParameters } from "./query-parameter.ts";
import { UNREADABLE } from "./reading.ts";

const NAME = "access_token";

describe("a credential in the query", () => {
  it.each([
    ["?access_token=abc", "abc"],
    ["?a=1&access_token=abc&b=2", "abc"],
    ["?access%5Ftoken=abc", "abc"],
    ["?access_token=a%2Bb=c", "a+b=c"],
    ["?access_token=", ""],
    ["?access_token", undefined],
    ["?Access_Token=abc", undefined],
    ["?access.token=abc", undefined],
    ["?xaccess_token=abc", undefined],
    ["?x=access_token=abc", undefined],
    ["?access_token=%ff", UNREADABLE],
    ["?access_token=%", UNREADABLE],
    ["?", undefined],
    ["", undefined],
  ])("in %j is %j", (query, found) => {
    expect(parameterNamed(query, NAME)).toBe(found);
  });

  it.each([
    ["?access_token=a&access_token=a", true],
    ["?access_token=a&ACCESS_TOKEN=a", true],
    ["?access_token=a&access+token=a", true],
    ["?access_token=a&access_token%5B%5D=a", true],
    ["?access_token=a&access_token[x]=a", true],
    ["?access_token=a&%20access_token=a", true],
    ["?a=1;access_token=a", true],
    ["?access_token=a;access_token=b", true],
    ["?access_token=a", false],
    ["?access.token=a", false],
    ["?a=1;b=2&access_token=a", false],
    ["?access_tokens=a&access_token=a", false],
    ["?access_token=a&%ff=access_token", false],
  ])("in %j is there twice: %j", (query, isTwice) => {
    expect(isGivenTwice(query, [NAME])).toBe(isTwice);
    expect(isGivenTwice(query, [])).toBe(false);
  });

  it("is taken out, and nothing else is changed", () => {
    const part = fc.oneof(
      fc.constantFrom("a=1", "b=%2F", "c", "", "d=%ff", "%", "x=access_token", "token=1"),
      fc.constantFrom("access_token=s", "access%5ftoken=s", "Access_Token=s", "access.token=s", "access_token[]=s"),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        const without = withoutParameters(`?${parts.join("&")}`, [NAME]);
        const others = parts.filter((each) => !each.endsWith("=s"));
        const isUnchanged = others.length === parts.length;
        expect(without).toBe(others.length === 0 ? "" : `?${others.join("&")}`);
        if (isUnchanged) expect(without).toBe(`?${parts.join("&")}`);
      }),
    );
    expect(withoutParameters("", [NAME])).toBe("");
    expect(withoutParameters("?", [NAME])).toBe("?");
  });
});
