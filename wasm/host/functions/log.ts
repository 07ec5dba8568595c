import { LOG_LEVELS, type LogLevel, Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function logFunctions(vm: Vm): HostFunctions {
  return {
    proxy_log(level: number, pointer: number, size: number): Status {
      const name = LOG_LEVELS[level];
      if (name === undefined) return Status.BAD_ARGUMENT;
      if (!vm.memory.holds(pointer, size)) return Status.INVALID_MEMORY_ACCESS;
      if (!isLogged(vm, name)) return Status.OK;
      const message = vm.memory.readValue(pointer, Math.min(size >>> 0, HOST_LIMITS.logLineBytes));
      if (message !== undefined) logLines(vm, name, message);
      return Status.OK;
    },

    proxy_get_log_level(levelOut: number): Status {
      return vm.memory.writeU32(levelOut, LOG_LEVELS.indexOf(vm.services.minimumLogLevel ?? "trace"));
    },
  };
}

/** True if lines of this level are wanted and the current context may still log. */
export function isLogged(vm: Vm, level: LogLevel): boolean {
  const minimum = vm.services.minimumLogLevel;
  if (minimum !== undefined && LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(minimum)) return false;
  return (vm.scope.context ?? vm.root).loggedBytes <= HOST_LIMITS.logBytesPerRequest;
}

/** Logs a text line by line: what a client chose must not look like a line of its own. */
export function logLines(vm: Vm, level: LogLevel, text: string): void {
  for (const line of text.split(/[\r\n]+/)) {
    if (line !== "") logLine(vm, level, line.slice(0, HOST_LIMITS.logLineBytes));
  }
}

/** Logs one line on the account of the current context; says once when the account is spent. */
function logLine(vm: Vm, level: LogLevel, message: string): void {
  const context = vm.scope.context ?? vm.root;
  if (context.loggedBytes > HOST_LIMITS.logBytesPerRequest) return;
  context.loggedBytes += message.length + 1;
  if (context.loggedBytes > HOST_LIMITS.logBytesPerRequest) {
    vm.services.log(
      "warn",
      `context ${context.id} logged over ${HOST_LIMITS.logBytesPerRequest} bytes: the rest is dropped`,
    );
  } else {
    vm.services.log(level, message);
  }
}
