/** Small pieces of the reports. */

const UNITS = ["bytes", "KiB", "MiB", "GiB"];

/** `64 KiB`, `1.5 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1_024 && unit < UNITS.length - 1; unit++) value /= 1_024;
  return `${Number(value.toFixed(value < 10 ? 2 : 1))} ${UNITS[unit]}`;
}

export function countText(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** Lines of a report, with the label in its own column before the first. */
export function labelled(label: string, lines: readonly string[] | string): string[] {
  return [lines].flat().map((line, index) => `${(index === 0 ? label : "").padEnd(LABEL_WIDTH)}${line}`.trimEnd());
}

const LABEL_WIDTH = 11;
const SHOWN_BODY_CHARACTERS = 400;

/** A body in one line: short texts in full. */
export function bodyText(body: Uint8Array): string {
  if (body.length === 0) return "";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return `(${countText(body.length, "byte")}, no text)`;
  }
  const shown = safeText(text.slice(0, SHOWN_BODY_CHARACTERS));
  return text.length > SHOWN_BODY_CHARACTERS ? `${shown}… (${countText(body.length, "byte")})` : shown;
}

/** Control characters, ends of lines, and those by which a terminal shows text in another order than it is written. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Escapes a filter's text: it must be one line, must not control the terminal, and must not look like another text. */
export function safeText(text: string): string {
  return text.replaceAll("\n", "\\n").replace(UNSAFE, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`;
  });
}
