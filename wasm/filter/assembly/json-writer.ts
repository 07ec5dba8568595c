import { Span } from "./span";
import { putByte, putText } from "./text-writer";

/** Composes JSON by appending; escapes strings. Their bytes must already be well-formed UTF-8. */

export function putJsonString(text: Span): void {
  putByte(0x22);
  putJsonLetters(text);
  putByte(0x22);
}

/** An ASCII literal without escapes. */
export function putJsonText(text: string): void {
  putByte(0x22);
  putText(text);
  putByte(0x22);
}

/** A part of a string, without quotes. */
export function putJsonLetters(text: Span): void {
  for (let at = text.start; at < text.end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x22 || byte == 0x5c) {
      putByte(0x5c);
      putByte(byte);
    } else if (byte < 0x20 || byte == 0x7f) {
      putText("\\u00");
      putByte(hexDigit(byte >> 4));
      putByte(hexDigit(byte & 15));
    } else {
      putByte(byte);
    }
  }
}

/** Puts space-separated words as an array of strings. */
export function putJsonWords(words: Span): void {
  putByte(0x5b);
  let at = words.start;
  let first = true;
  while (at < words.end) {
    const start = at;
    while (at < words.end && load<u8>(at) != 0x20) at++;
    if (at > start) {
      if (!first) putByte(0x2c);
      first = false;
      word.set(start, at - start);
      putJsonString(word);
    }
    at++;
  }
  putByte(0x5d);
}

const word = changetype<Span>(memory.data(8));

function hexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x61 + value - 10;
}
