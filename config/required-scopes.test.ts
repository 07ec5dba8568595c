import { expect, it } from "vitest";
import { hasScopes } from "./required-scopes.ts";

it.each<[string[], string[], string[], boolean]>([
  [[], [], [], true],
  [["a"], ["a"], [], true],
  [["a"], ["a", "b"], [], false],
  [["b"], [], ["a", "b"], true],
  [["c"], [], ["a", "b"], false],
  [[], [], ["a"], false],
  [["a", "b"], ["a"], ["b", "c"], true],
  [["a"], ["a"], ["b", "c"], false],
  [["A"], ["a"], [], false],
  [["a b"], ["a"], [], false],
])("the scopes %j have all of %j and one of %j: %s", (granted, allOf, anyOf, expected) => {
  expect(hasScopes(granted, { allOf, anyOf })).toBe(expected);
});
