import * as v from "valibot";
import { expect, it } from "vitest";
import { requestSchema, responseSchema } from "./input-schema.ts";

const repeated = [
  ["X-K", "a"],
  ["accept", "*/*"],
  ["x-k", "b"],
];

it("a request's repeated headers are joined, as a filter in the gateway sees them", () => {
  const joined = [
    ["x-k", "a, b"],
    ["accept", "*/*"],
  ];
  expect(v.parse(requestSchema, { headers: repeated }).headers).toEqual(joined);
  expect(v.parse(requestSchema, { headers: { "x-k": ["a", "b"], accept: "*/*" } }).headers).toEqual(joined);
});

it("a response's repeated headers stay apart, because cookies cannot be joined", () => {
  const cookies = { headers: { "set-cookie": ["a=1", "b=2"] } };
  expect(v.parse(responseSchema, cookies).headers).toEqual([
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
});
