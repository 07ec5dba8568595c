import fc from "fast-check";
import { expect, it } from "vitest";
import { flattenHeaders, unflattenHeaders } from "./flat-headers.ts";

it("headers stay the same when flattened and read again", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (headers) => {
      expect(unflattenHeaders(flattenHeaders(headers))).toEqual(headers);
    }),
  );
});

it("flat headers are appended to existing pairs, and a name without a value is dropped", () => {
  expect(unflattenHeaders(["b", "2", "c"], [["a", "1"]])).toEqual([
    ["a", "1"],
    ["b", "2"],
  ]);
});
