import { Span } from "./span";
import { putByte } from "./text-writer";

/** Appends text as application/x-www-form-urlencoded, which RFC 6749, 2.3.1 also requires before Basic. */
export function putFormEncoded(text: Span): void {
  for (let at = text.start; at < text.end; at++) {
    const byte = load<u8>(at);
    if (isPlain(byte)) {
      putByte(byte);
    } else if (byte == 0x20) {
      putByte(0x2b);
    } else {
      putByte(0x25);
      putByte(upperHexDigit(byte >> 4));
      putByte(upperHexDigit(byte & 15));
    }
  }
}

function isPlain(byte: u8): bool {
  if ((byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39)) return true;
  return byte == 0x2a || byte == 0x2d || byte == 0x2e || byte == 0x5f;
}

function upperHexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x41 + value - 10;
}
