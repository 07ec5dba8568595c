import { LOG_LEVELS, type LogLevel, type LogThreshold } from "./abi.ts";
import type { Context } from "./contexts.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import type { HostServices } from "./host-services.ts";
import type { KeptLines } from "./kept-lines.ts";

/** Where lines go, and the context they count for: the root if no callback runs. */
export interface LogTarget {
  readonly services: HostServices;
  readonly scope: { readonly context: Context | undefined };
  readonly root: Context;
  readonly keptLines: KeptLines;
}

/** Lines from here on are kept to explain a failure, also if they are not logged. */
const KEPT_FROM: LogLevel = "error";

/**
 * True if lines of this level are logged, or kept for a failure, and the current context is below its limit. Others need not be
 * read out of the guest.
 */
export function isWanted(to: LogTarget, level: LogLevel): boolean {
  if (!reaches(level, KEPT_FROM) && !isPrinted(to, level)) return false;
  return (to.scope.context ?? to.root).loggedBytes <= HOST_LIMITS.logBytesPerRequest;
}

/** The number of the lowest level that is logged, for the guest. The ABI has no level above `critical`. */
export function lowestLevel({ minimumLogLevel = "trace" }: Pick<HostServices, "minimumLogLevel">): number {
  return LOG_LEVELS.indexOf(minimumLogLevel === "off" ? "critical" : minimumLogLevel);
}

function isPrinted(to: LogTarget, level: LogLevel): boolean {
  return reaches(level, to.services.minimumLogLevel ?? "trace");
}

function reaches(level: LogLevel, threshold: LogThreshold): boolean {
  return threshold !== "off" && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold);
}

/** Logs a text line by line, so that client input cannot forge a line of its own. */
export function logLines(to: LogTarget, level: LogLevel, text: string): void {
  for (const line of text.split(/[\r\n]+/)) {
    if (line !== "") logLine(to, level, line.slice(0, HOST_LIMITS.logLineBytes));
  }
}

/** Logs one line and counts it for the current context; reports once when the limit is exceeded. */
function logLine(to: LogTarget, level: LogLevel, message: string): void {
  const context = to.scope.context ?? to.root;
  if (context.loggedBytes > HOST_LIMITS.logBytesPerRequest) return;
  to.keptLines.keep(context.id, level, message);
  if (!isPrinted(to, level)) return;
  context.loggedBytes += message.length + 1;
  if (context.loggedBytes > HOST_LIMITS.logBytesPerRequest) {
    to.services.log(
      "warn",
      `context ${context.id} logged over ${HOST_LIMITS.logBytesPerRequest} bytes: the rest is dropped`,
    );
  } else {
    to.services.log(level, message);
  }
}
