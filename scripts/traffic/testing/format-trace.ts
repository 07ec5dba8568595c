import type { TraceRequest } from "../trace.ts";

/** The trace as text that `parseTrace` can read. */
export function formatTrace(requests: TraceRequest[]): string {
  const lines = requests.map(({ atSeconds, client, key }) => `${atSeconds.toFixed(3)},${client},${key}`);
  return `${["t,client,key", ...lines].join("\n")}\n`;
}
