import { expect, it } from "vitest";
import { credentialsMeant } from "./credentials-meant.ts";

it.each([
  ["abc", ["abc"]],
  [" abc\n", ["abc"]],
  ["Bearer abc", ["Bearer abc", "abc"]],
  ["bEaReR   abc ", ["bEaReR   abc", "abc"]],
  ["Basic YTpi", ["Basic YTpi", "YTpi"]],
  ["Bearer", ["Bearer"]],
  ["Bearerabc", ["Bearerabc"]],
  ["two words", ["two words"]],
  ["DPoP abc", ["DPoP abc", "abc"]],
  ["Authorization: Bearer abc", ["Authorization: Bearer abc", "Bearer abc", "abc"]],
  ["authorization:Bearer abc", ["authorization:Bearer abc", "Bearer abc", "abc"]],
  ["X-Api-Key: abc", ["X-Api-Key: abc", "abc"]],
  ["X-Api-Key:abc", ["X-Api-Key:abc", "abc"]],
  ["a=1,sid=abc", ["a=1,sid=abc", "1", "abc"]],
  ["user:pw", ["user:pw"]],
  ["sid=abc", ["sid=abc", "abc"]],
  ["Cookie: a=b; sid=abc; c", ["Cookie: a=b; sid=abc; c", "a=b; sid=abc; c", "b", "abc", "c"]],
  ["dXNlcjpwdw==", ["dXNlcjpwdw=="]],
  ["dXNlcjpwdw=", ["dXNlcjpwdw="]],
  ['"abc"', ['"abc"']],
])("%j can mean %j", (text, meant) => {
  expect(credentialsMeant(text)).toEqual(meant);
});
