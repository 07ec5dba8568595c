import { expect, it } from "vitest";
import { withoutSecrets } from "./without-secrets.ts";

const VALUE = 's3cr3t "quoted"? >>>~~~/+=';
const secrets = new Map([["KEY", VALUE]]);
const hide = (text: string): string => withoutSecrets(text, secrets);
const base64 = (text: string, encoding: "base64" | "base64url" = "base64") => Buffer.from(text).toString(encoding);

it.each([
  ["as it is", VALUE],
  ["in JSON", JSON.stringify({ key: VALUE })],
  ["in a URL", encodeURIComponent(VALUE)],
  ["in hexadecimal", Buffer.from(VALUE).toString("hex")],
  ["in hexadecimal capitals", Buffer.from(VALUE).toString("hex").toUpperCase()],
  ["in base64", base64(VALUE)],
  ["in base64 of URLs", base64(VALUE, "base64url")],
  ["in credentials of one length", `Basic ${base64(`me:${VALUE}`)}`],
  ["in credentials of the next length", `Basic ${base64(`you:${VALUE}`)}`],
  ["in credentials and more", base64(`id=you&key=${VALUE}&more`, "base64url")],
])("hides a secret %s", (_, text) => {
  const shown = hide(`a ${text} z`);
  expect(shown).toContain("(secret KEY)");
  // Of the groups at its ends, which others share, two characters may be left.
  expect(shown.length).toBeLessThan("a (secret KEY) z".length + text.length - VALUE.length + 8);
});

it("hides the lines of a secret, but nothing so short that it stands elsewhere by chance", () => {
  const pem = new Map([["PEM", "{\nfirst line\nlast line\n}"]]);
  expect(withoutSecrets('{ "a": "first line", "b": "last line" }', pem)).toBe(
    '{ "a": "(secret PEM)", "b": "(secret PEM)" }',
  );
});

it("leaves other texts as they are, with secrets of any kind", () => {
  const odd = new Map([
    ["LONE", "\ud800 lone"],
    ["SHORT", "ab"],
  ]);
  expect(withoutSecrets("nothing here", odd)).toBe("nothing here");
});
