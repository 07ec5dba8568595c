import { LOG_LEVELS, type LogLevel } from "./abi.ts";
import type { Context } from "./contexts.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import type { HostServices } from "./host-services.ts";

/** Where lines go, and the context they count for: the root if no callback runs. */
export interface LogTarget {
  readonly services: HostServices;
  readonly scope: { readonly context: Context | undefined };
  readonly root: Context;
}

/** True if lines of this level are logged and the current context is below its limit. */
export function isLogged(to: LogTarget, level: LogLevel): boolean {
  const minimum = to.services.minimumLogLevel;
  if (minimum !== undefined && LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(minimum)) return false;
  return (to.scope.context ?? to.root).loggedBytes <= HOST_LIMITS.logBytesPerRequest;
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
