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

/** Escapes a filter's text: it must be one line and must not control the terminal. */
export function safeText(text: string): string {
  return text
    .replaceAll("\n", "\\n")
    .replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
