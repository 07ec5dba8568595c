/** Numbers as people read them. Runs in the Worker and in the browser. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const MIB = 1_048_576;

export function countText(count: number): string {
  if (!Number.isFinite(count)) return "–";
  if (count < 100_000) return whole.format(count);
  if (count < 999_500) return `${whole.format(count / 1_000)} k`;
  return count < 1e9 ? `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)} M` : `${(count / 1e9).toFixed(1)} G`;
}

export function countedText(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

export function bytesText(bytes: number): string {
  if (!Number.isFinite(bytes)) return "–";
  if (bytes < 1_024) return `${whole.format(bytes)} B`;
  if (bytes < MIB / 10) return `${whole.format(bytes / 1_024)} KiB`;
  const mib = bytes / MIB;
  return `${mib < 10 ? mib.toFixed(2) : mib < 100 ? mib.toFixed(1) : whole.format(mib)} MiB`;
}

/** @param share from 0 to 1; null while there is nothing to divide */
export function percentText(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return "–";
  const percent = share * 100;
  // 99.96 % is not "100 %": the difference is what an operator looks for.
  if (percent > 99 && percent < 100) return `${(Math.floor(percent * 10) / 10).toFixed(1)} %`;
  if (percent > 0 && percent < 1) return `${percent < 0.1 ? "< 0.1" : percent.toFixed(1)} %`;
  return `${Math.round(percent)} %`;
}

const STEPS = [
  { from: 2 * 86_400_000, unit: 86_400_000, name: "d" },
  { from: 2 * 3_600_000, unit: 3_600_000, name: "h" },
  { from: 2 * 60_000, unit: 60_000, name: "min" },
  { from: 1_000, unit: 1_000, name: "s" },
] as const;

export function durationText(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return "–";
  const step = STEPS.find(({ from }) => ms >= from);
  if (step === undefined) return `${whole.format(Math.max(0, ms))} ms`;
  const value = ms / step.unit;
  return `${step.name === "s" && value < 10 ? Number(value.toFixed(1)) : whole.format(Math.floor(value))} ${step.name}`;
}

export function agoText(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  return ageMs < 5_000 ? "just now" : `${durationText(Math.floor(ageMs / 1_000) * 1_000)} ago`;
}

/** The time of day; with the date if it is not the day of `nowMs`. In UTC: the browser's script replaces it by local time. */
export function clockText(atMs: number, nowMs: number, withSeconds = false): string {
  const iso = isoText(atMs);
  const time = iso.slice(11, withSeconds ? 19 : 16);
  return iso.slice(0, 10) === isoText(nowMs).slice(0, 10) ? `${time} UTC` : `${iso.slice(0, 10)} ${time} UTC`;
}

/** ISO 8601. Never throws: a stored time may be any number. */
export function isoText(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? "1970-01-01T00:00:00.000Z" : date.toISOString();
}

export function perSecondText(rate: number): string {
  if (!Number.isFinite(rate)) return "–";
  if (rate === 0) return "0";
  return rate < 10 ? rate.toFixed(rate < 1 && rate > 0 ? 2 : 1) : countText(rate);
}
