import { describe, expect, it } from "vitest";
import { textOfClaim } from "./claim-text.ts";

describe("the header of a claim", () => {
  it.each<[unknown, string]>([
    ["ann", "ann"],
    ["a, b", "a, b"],
    ["Zoë 🌊", "Zoë 🌊"],
    [7, "7"],
    [-1.5, "-1.5"],
    [false, "false"],
    [["a"], "a"],
    [["a b", 7, true], "a b,7,true"],
    [["none"], "none"],
    ["unusable", "unusable"],
  ])("for %j is %s", (claim, text) => {
    expect(textOfClaim(claim)).toEqual({ kind: "text", text });
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [[]],
    [{}],
    [{ a: 1 }],
    [[null]],
    [["a", ["b"]]],
    [["a,b", {}]],
    [["a", undefined]],
  ])("is left out for %j", (claim) => {
    expect(textOfClaim(claim)).toEqual({ kind: "none" });
  });

  const CHANGED = [
    "",
    " ",
    " a",
    "a ",
    "\u00a0a",
    "a\u3000",
    "\ufeffa",
    "a\tb",
    "a\r\nb",
    "a\0",
    "\u007f",
    "a\u0085b",
    "a\u2028b",
    "a\ufffd",
    "\ud800",
  ];

  it.each(CHANGED)("cannot carry the text %j, alone or in a list", (text) => {
    expect(textOfClaim(text)).toEqual({ kind: "unusable" });
    expect(textOfClaim(["a", text])).toEqual({ kind: "unusable" });
  });

  it("cannot carry an element with a comma, which would arrive as two", () => {
    for (const list of [["a,b"], ["a", "b,"], [",", 1]]) expect(textOfClaim(list)).toEqual({ kind: "unusable" });
  });

  it("cannot carry a number that has lost digits", () => {
    for (const text of ["9007199254740993", "1e21", "1e400", "-1e400"]) {
      expect(textOfClaim(JSON.parse(text))).toEqual({ kind: "unusable" });
      expect(textOfClaim([JSON.parse(text)])).toEqual({ kind: "unusable" });
    }
  });

  it("has at most 65,535 bytes", () => {
    expect(textOfClaim("é".repeat(32_767))).toMatchObject({ kind: "text" });
    expect(textOfClaim("é".repeat(32_768))).toEqual({ kind: "unusable" });
    expect(textOfClaim(Array.from({ length: 40_000 }, () => 1))).toEqual({ kind: "unusable" });
  });
});
