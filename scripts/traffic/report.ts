import type { GatewayProgress } from "./gateway-stats.ts";
import type { Tally } from "./tally.ts";

/** The progress of a run. */
export interface RunView {
  elapsedMs: number;
  totalMs: number;
  /** Requests finished per second since the last view. */
  ratePerSecond: number;
  tally: Tally;
  /** Undefined while /stats does not answer. */
  gateway: GatewayProgress | undefined;
}

/** One line: the load, then the gateway's stats. */
export function progressLine({ elapsedMs, totalMs, ratePerSecond, tally, gateway }: RunView): string {
  const parts = [
    `${formatDuration(elapsedMs)} of ${formatDuration(totalMs)}`,
    `${Math.round(ratePerSecond)}/s`,
    `${formatCount(tally.finished)} requests`,
    `${formatCount(tally.errors)} errors`,
  ];
  if (tally.skipped > 0) parts.push(`${formatCount(tally.skipped)} skipped`);
  if (gateway === undefined) return [...parts, "no /stats"].join("  ");
  return [
    ...parts,
    `hit rate ${formatPart(gateway.hitRate)}`,
    `allocated ${formatBytes(gateway.now.allocatedBytes)}`,
    `required ${formatBytes(gateway.now.requiredBytes)}`,
    `restarts ${gateway.restarts}`,
    ...(gateway.now.phase === undefined ? [] : [gateway.now.phase]),
  ].join("  ");
}

/** The final report of a run. */
export function summary({ elapsedMs, tally, gateway }: RunView): string {
  const outcomes = [...tally.byOutcome]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${name}: ${formatCount(count)}`);
  const lines = [
    `${formatCount(tally.finished)} requests in ${formatDuration(elapsedMs)}, ${formatCount(tally.errors)} errors (${outcomes.join(", ")})`,
    `latency: median ${formatLatency(tally.latencyMs(0.5))}, 99 % within ${formatLatency(tally.latencyMs(0.99))}`,
  ];
  if (tally.skipped > 0) {
    lines.push(
      `${formatCount(tally.skipped)} requests were not sent: too many others were waiting (lower --rate or --speed, or raise --concurrency)`,
    );
  }
  if (gateway === undefined) {
    lines.push(
      "gateway: no numbers from /stats: it was too slow, or needs the operator token in OPERATOR_TOKEN (outside npm start)",
    );
  } else {
    lines.push(
      `gateway: hit rate ${formatPart(gateway.hitRate)}, allocated ${formatBytes(gateway.now.allocatedBytes)}, ` +
        `required ${formatBytes(gateway.now.requiredBytes)}, ${gateway.restarts} restarts`,
    );
  }
  return lines.join("\n");
}

/** `04:05`, or `1:04:05` from an hour on. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = String(Math.floor(seconds / 60) % 60).padStart(2, "0");
  const rest = `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return "-";
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}

function formatPart(part: number | undefined): string {
  return part === undefined ? "-" : `${(part * 100).toFixed(1)} %`;
}

function formatLatency(ms: number | undefined): string {
  return ms === undefined ? "-" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
