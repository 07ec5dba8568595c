import { expect, it } from "vitest";
import { HOST_LIMITS } from "./host-limits.ts";
import { OutputLines } from "./output-lines.ts";

function output() {
  const logged: [level: string, text: string][] = [];
  const lines = new OutputLines((level, text) => logged.push([level, text]));
  return { lines, logged };
}
const bytes = (text: string) => new TextEncoder().encode(text);

it("alternating writes to output and error stay separate lines", () => {
  const { lines, logged } = output();
  lines.write("info", bytes("out "));
  lines.write("error", bytes("err "));
  lines.write("info", bytes("put\n"));
  lines.write("error", bytes("or\nrest"));
  lines.flush();
  lines.flush();
  expect(logged).toEqual([
    ["info", "out put\n"],
    ["error", "err or\n"],
    ["error", "rest"],
  ]);
});

it("a character may begin in one piece and end in the next", () => {
  const { lines, logged } = output();
  lines.write("info", Uint8Array.of(0x61, 0xc3));
  lines.write("info", Uint8Array.of(0xa9, 0x0a));
  expect(logged).toEqual([["info", "a\u00e9\n"]]);
});

it("of a line that never ends, only the loggable part is kept", () => {
  const { lines, logged } = output();
  for (let n = 0; n < 3; n++) lines.write("info", new Uint8Array(HOST_LIMITS.logLineBytes).fill(0x61));
  lines.flush();
  expect(logged.map(([, text]) => text.length)).toEqual([HOST_LIMITS.logLineBytes]);
});
