import type { IncomingHttpHeaders } from "node:http";

/** Headers are bytes, which Node hands out as Latin-1. Here they are texts in UTF-8, as Ebb sends them. */

export function bytesOfText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Bytes that are no UTF-8 stay as Node gives them. */
function textOfBytes(bytes: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    return bytes;
  }
}

/** Each header's text by its name in lower case; repeated lines joined. */
export function textHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, textOfBytes([value].flat().join(", "))]),
  );
}
