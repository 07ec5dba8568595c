import { describe, expect, it } from "vitest";
import { BodyBuffer } from "./body-buffer.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

function holding(...chunks: string[]): BodyBuffer {
  const body = new BodyBuffer();
  for (const chunk of chunks) body.append(bytes(chunk));
  return body;
}

describe("a body buffer", () => {
  it("returns a single chunk without a copy", () => {
    const chunk = bytes("abc");
    const body = new BodyBuffer();
    body.append(chunk);
    expect(body.take()).toBe(chunk);
    expect([body.length, body.take().length]).toEqual([0, 0]);
  });

  it("joins chunks, and never writes into one that is not its own", () => {
    const first = bytes("ab");
    const body = new BodyBuffer();
    body.append(first);
    for (const chunk of ["c", "", "defghij"]) body.append(bytes(chunk));
    body.splice(0, 1, bytes("X"));
    expect(text(body.bytes)).toBe("Xbcdefghij");
    expect(text(first)).toBe("ab");
  });

  it("keeps its own copy after own(), even if the chunk changes", () => {
    const chunk = bytes("abc");
    const body = new BodyBuffer();
    body.append(chunk);
    body.own();
    chunk.fill(0);
    expect(text(body.bytes)).toBe("abc");
  });

  it("copies little for many small chunks", () => {
    const body = new BodyBuffer();
    for (let index = 0; index < 100_000; index++) body.append(bytes("x"));
    expect(body.length).toBe(100_000);
  });

  it.each([
    [0, 0, "<", "<abcdef"],
    [6, 0, ">", "abcdef>"],
    [99, 99, ">", "abcdef>"],
    [0, 6, "new", "new"],
    [0, 0xffff_ffff, "", ""],
    [2, 2, "----", "ab----ef"],
    [4, 99, "", "abcd"],
  ])("replaces, at %i, %i bytes with %j: %j", (start, size, content, expected) => {
    const body = holding("abc", "def");
    body.splice(start, size, bytes(content));
    expect(text(body.take())).toBe(expected);
  });

  it("can be truncated", () => {
    const body = holding("abc", "def");
    body.truncate(2);
    body.append(bytes("!"));
    body.truncate(99);
    expect(text(body.bytes)).toBe("ab!");
  });
});
