/** `14:03 UTC`, with the day if it is another one than now. */
export function timeOfDay(timeMs: number, nowMs: number): string {
  const time = new Date(timeMs);
  if (Number.isNaN(time.getTime())) return "an unknown time";
  const [day, clock] = time.toISOString().split("T") as [string, string];
  const isToday = Number.isFinite(nowMs) && Math.floor(timeMs / 86_400_000) === Math.floor(nowMs / 86_400_000);
  return `${isToday ? "" : `${day} `}${clock.slice(0, 5)} UTC`;
}

/** `47 seconds`, `12 minutes`, `3 hours`, `2 days`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return counted(seconds, "second");
  if (seconds < 120 * 60) return counted(Math.round(seconds / 60), "minute");
  if (seconds < 48 * 3_600) return counted(Math.round(seconds / 3_600), "hour");
  return counted(Math.round(seconds / 86_400), "day");
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `12%`, `0.4%`, `<0.1%`. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1%";
  return `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10}%`;
}

export function mebibytes(bytes: number): string {
  return `${Math.round((bytes / 1_048_576) * 10) / 10} MiB`;
}

/** Messages of filters and platforms may be long, or have many lines. */
export function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}

/** With a capital letter and a full stop. */
export function sentence(text: string): string {
  const [first = "", ...rest] = text;
  return `${first.toUpperCase()}${rest.join("")}${/[.!?…]$/.test(text) ? "" : "."}`;
}
