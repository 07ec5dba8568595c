import { expect, it } from "vitest";
import { readTokens } from "./operator-tokens.ts";

const operator = {
  tokenSecret: "OPERATOR_TOKEN",
  tokens: [
    { secret: "ORDERS_TOKEN", services: ["orders"] },
    { secret: "BILLS_TOKEN", services: ["bills"] },
  ],
};
const tokensIn = (values: Readonly<Record<string, string | undefined>>) => {
  const { usable, problems } = readTokens((name) => values[name], operator);
  return { usable: usable.map(({ secret }) => secret), problems: problems.map(({ secret, found }) => [secret, found]) };
};

const set = {
  OPERATOR_TOKEN: "opens-all-services",
  ORDERS_TOKEN: "opens-the-orders-only",
  BILLS_TOKEN: "opens-the-bills-only",
};

it("every secret that is set is a token", () => {
  expect(tokensIn(set)).toEqual({ usable: Object.keys(set), problems: [] });
});

it("a secret that is not set is none", () => {
  expect(tokensIn({ ...set, OPERATOR_TOKEN: undefined })).toEqual({
    usable: ["ORDERS_TOKEN", "BILLS_TOKEN"],
    problems: [],
  });
});

it("a short one, and one with characters that no header has, are unusable", () => {
  expect(tokensIn({ ...set, ORDERS_TOKEN: "fifteen-letters", BILLS_TOKEN: "sixteen letters!" })).toEqual({
    usable: ["OPERATOR_TOKEN"],
    problems: [
      ["ORDERS_TOKEN", "15 characters"],
      ["BILLS_TOKEN", expect.stringContaining("a blank")],
    ],
  });
});

it("of secrets with one value none is usable, and the problem does not repeat the value", () => {
  const { usable, problems } = tokensIn({ ...set, ORDERS_TOKEN: set.OPERATOR_TOKEN });
  expect(usable).toEqual(["BILLS_TOKEN"]);
  expect(problems).toEqual([
    ["OPERATOR_TOKEN", "the value of ORDERS_TOKEN"],
    ["ORDERS_TOKEN", "the value of OPERATOR_TOKEN"],
  ]);
});
