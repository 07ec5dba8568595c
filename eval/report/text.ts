import { MIB } from "../../wasm/byte-units.ts";

/** Formats numbers and names for readers. An unknown number is shown as this dash, never as "NaN". */
export const UNKNOWN = "–";
const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;

/** JSON has no NaN: an unknown number comes back from a file as null. */
export type MaybeNumber = number | null | undefined;

export function isKnown(value: MaybeNumber): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

export function toMib(bytes: MaybeNumber): number {
  return isKnown(bytes) ? bytes / MIB : Number.NaN;
}

export function toHours(ms: number): number {
  return ms / MS_PER_HOUR;
}

/** `4.89`: MiB, without the unit. */
export function mibText(bytes: MaybeNumber): string {
  return fixed(toMib(bytes), 2);
}

/** `0.12 %`; with two digits below one percent, where opponents are close together. */
export function percentText(share: MaybeNumber): string {
  if (!isKnown(share)) return UNKNOWN;
  return `${fixed(share * 100, Math.abs(share) < 0.01 ? 2 : 1)} %`;
}

/** `0.0098 %`: of a core. */
export function finePercentText(share: MaybeNumber): string {
  return isKnown(share) ? `${fixed(share * 100, 4)} %` : UNKNOWN;
}

/** `+1.4 %`, `-0.3 %`, `0.0 %`. */
export function signedPercentText(share: MaybeNumber): string {
  if (!isKnown(share)) return UNKNOWN;
  const digits = fixed(share * 100, 1);
  return `${Number(digits) > 0 ? "+" : ""}${digits} %`;
}

/** `1.4 % above`, `0.3 % below`; `level with` for a share that rounds to 0. */
export function besideText(share: MaybeNumber): string {
  if (!isKnown(share)) return UNKNOWN;
  const digits = fixed(share * 100, 1);
  if (Number(digits) === 0) return "level with";
  return `${digits.replace("-", "")} % ${share > 0 ? "above" : "below"}`;
}

/** `1.08`: a factor. */
export function factorText(factor: MaybeNumber): string {
  return isKnown(factor) ? fixed(factor, 2) : UNKNOWN;
}

/** `12`, or `12.4` for a mean; without a fraction from 100 on. */
export function countText(count: MaybeNumber): string {
  if (!isKnown(count)) return UNKNOWN;
  return count.toLocaleString("en-US", { maximumFractionDigits: Math.abs(count) < 100 ? 1 : 0 });
}

/** `30 s`, `11 min`, `2.5 h`. */
export function durationText(ms: MaybeNumber): string {
  if (!isKnown(ms)) return UNKNOWN;
  if (ms < MS_PER_MINUTE) return `${fixed(ms / 1_000, 0)} s`;
  return ms < 2 * MS_PER_HOUR ? `${fixed(ms / MS_PER_MINUTE, 0)} min` : `${fixed(ms / MS_PER_HOUR, 1)} h`;
}

/** `seed 1`, `2 seeds`. */
export function plural(count: number, thing: string): string {
  return `${countText(count)} ${thing}${count === 1 ? "" : "s"}`;
}

/** `a, b and c`. */
export function listText(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/**
 * A scenario may be named after a trace file. File names can contain characters that a line of text or XML cannot: control
 * characters, direction overrides, lone surrogates. Each is replaced by U+FFFD.
 */
export function shownName(name: string): string {
  return name.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{fffe}\u{ffff}]/gu, "\u{fffd}");
}

function fixed(value: MaybeNumber, digits: number): string {
  if (!isKnown(value)) return UNKNOWN;
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** `-0.3 percentage points`: a difference of shares. */
export function signedPointsText(difference: MaybeNumber): string {
  if (!isKnown(difference)) return UNKNOWN;
  const digits = fixed(difference * 100, 2);
  return `${Number(digits) > 0 ? "+" : ""}${digits} percentage points`;
}
