import { expect, it } from "vitest";
import { challengedSchemes } from "./challenged-schemes.ts";
import type { Credential } from "./gateway.ts";

const authorization = (...schemes: string[]): Credential => ({ from: "authorization", schemes });

it.each([
  [[], ["Bearer"]],
  [[{ from: "cookie", name: "sid" }], ["Bearer"]],
  [[authorization("bearer")], ["Bearer"]],
  [
    [authorization("apikey"), authorization("basic", "bearer")],
    ["Bearer", "Apikey", "Basic"],
  ],
  [[authorization("basic"), authorization("basic")], ["Basic"]],
] satisfies [Credential[], string[]][])("of %j a 401 names %j", (sources, schemes) => {
  expect(challengedSchemes(sources)).toEqual(schemes);
});
