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
])("%j stands for %j", (text, meant) => {
  expect(credentialsMeant(text)).toEqual(meant);
});
