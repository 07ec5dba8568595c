import { expect, it } from "vitest";
import { QuestionDigest } from "./question-digest.ts";

const hex = (text: string) => Array.from(text, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");

it("is BLAKE3's keyed hash, cut to 128 bits", () => {
  // The key of BLAKE3's published test vectors; the input of 0 bytes.
  const key = new TextEncoder().encode("whats the Elvish word for friend");
  expect(hex(new QuestionDigest(key).of(""))).toBe("92b2b75604ed3c761f9d6f62392c8a92");
});

it("depends on every character, beyond ASCII too", () => {
  const digest = QuestionDigest.random();
  const questions = ["", "a", "b", "ä", "ä ", "\u{1f600}", "x".repeat(70_000), `${"x".repeat(69_999)}y`];
  expect(new Set(questions.map((question) => digest.of(question))).size).toBe(questions.length);
});

it("needs a key of 32 bytes", () => {
  expect(() => new QuestionDigest(new Uint8Array(16))).toThrow("32 bytes, not 16");
});
