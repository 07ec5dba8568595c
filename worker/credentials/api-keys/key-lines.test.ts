import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isKeyName, isKeyScope, keyLine, readKeyLines } from "./key-lines.ts";

const DIGEST = "A".repeat(43);

describe("the lines of a secret with API keys", () => {
  it("come back as they were written", () => {
    const ascii = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
    const key = fc.record({
      digest: fc.string({ unit: fc.constantFrom(..."AZaz09-_"), minLength: 43, maxLength: 43 }),
      subject: ascii.filter(isKeyName),
      scopes: fc.array(ascii.filter(isKeyScope)),
    });
    fc.assert(
      fc.property(fc.uniqueArray(key, { selector: ({ digest }) => digest }), (keys) => {
        expect(readKeyLines(keys.map(keyLine).join("\n"))).toEqual({ keys, problems: [] });
      }),
    );
  });

  it("may be empty, comments, and end as any system ends lines", () => {
    const { keys, problems } = readKeyLines(`# ours\r\n\r\n  ${DIGEST}\tann  a,b \r# ${"B".repeat(43)} eve`);
    expect({ keys, problems }).toEqual({
      keys: [{ digest: DIGEST, subject: "ann", scopes: ["a", "b"] }],
      problems: [],
    });
  });

  it.each([
    DIGEST,
    `${DIGEST.slice(1)} ann`,
    `${DIGEST}A ann`,
    `${DIGEST}= ann`,
    `${DIGEST} ann a b`,
    `${DIGEST} ann a,`,
    `${DIGEST} ann ,`,
    `${DIGEST} ann a"b`,
    `${DIGEST} #ann`,
    `${DIGEST} änn`,
    `${DIGEST} ${"a".repeat(201)}`,
    "ebb_0000000000000000000000000000 ann",
  ])("that cannot be read are left out and named by their number: %s", (line) => {
    const { keys, problems } = readKeyLines(`\n${line}\n${"B".repeat(43)} bob`);
    expect(keys).toEqual([{ digest: "B".repeat(43), subject: "bob", scopes: [] }]);
    expect(problems).toEqual(['line 2 is not "DIGEST NAME SCOPE,SCOPE"']);
  });

  it("with one digest give the key the rights of the first", () => {
    const { keys, problems } = readKeyLines(`${DIGEST} ann read\n${DIGEST} ann read,admin`);
    expect(keys).toEqual([{ digest: DIGEST, subject: "ann", scopes: ["read"] }]);
    expect(problems).toEqual(["line 2 has the digest of an earlier line, which counts"]);
  });
});
