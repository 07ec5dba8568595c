import { expect, it } from "vitest";
import { parsePolicyOptions } from "./options.ts";

it("takes gateway.test.yaml unless another file is named", () => {
  expect(parsePolicyOptions([])).toEqual({ kind: "run", options: { file: "gateway.test.yaml", json: false } });
  expect(parsePolicyOptions(["--json", "a.yaml"])).toEqual({ kind: "run", options: { file: "a.yaml", json: true } });
});

it("explains itself", () => {
  expect(parsePolicyOptions(["-h"])).toEqual({ kind: "help" });
});

it("refuses what it does not know", () => {
  expect(parsePolicyOptions(["a.yaml", "b.yaml"])).toMatchObject({
    kind: "wrong",
    message: expect.stringContaining("b.yaml"),
  });
  expect(parsePolicyOptions(["--watch"])).toMatchObject({ kind: "wrong", message: expect.stringContaining("--watch") });
});
