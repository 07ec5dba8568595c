/** Why a running filter can no longer be used. */
export interface FilterFailure {
  /** `trap`: the guest trapped or overflowed the stack. `proc_exit`: it asked to end the process. */
  readonly reason: "trap" | "proc_exit";
  readonly message: string;
  /** What it logged last, with levels. */
  readonly lastLines?: readonly string[];
}

export type FilterStartReason =
  /** Exports no `proxy_abi_version_*`: not a Proxy-Wasm filter. */
  | "no_abi_version"
  /** Declares only ABI versions this host does not support. */
  | "unknown_abi"
  /** Does not export a `memory`, or exports one the host cannot use: shared, or with 64-bit addresses. */
  | "no_memory"
  /** Starts with more memory than `HOST_LIMITS.startMemoryBytes`. */
  | "memory_too_large"
  /** Exports neither `proxy_on_memory_allocate` nor `malloc`. */
  | "no_allocator"
  /** Imports a memory, table or global, which no Proxy-Wasm host provides. */
  | "unsupported_import"
  /** The engine refused to link or to reserve the memory. */
  | "instantiation_failed"
  | "trap_at_start"
  | "exit_at_start"
  /** `proxy_on_vm_start` returned false. */
  | "vm_start_refused"
  /** `proxy_on_configure` returned false. */
  | "configure_refused";

/** The filter could not be started. `reason` is machine-readable; `message` says what failed and what to do. */
export class FilterStartError extends Error {
  readonly reason: FilterStartReason;

  constructor(reason: FilterStartReason, message: string) {
    super(message);
    this.name = "FilterStartError";
    this.reason = reason;
  }
}

/** Unwinds the guest's frames when it calls `proc_exit`. A host function has no other way to end the guest. */
export class GuestExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the filter called proc_exit(${code})`);
    this.name = "GuestExit";
    this.code = code;
  }
}

/**
 * A thrown value as text. Never keep the error itself: until its stack is formatted, V8's record of the frames keeps the
 * instance alive, and with it the linear memory of a replaced filter.
 */
export function failureOf(error: unknown): FilterFailure {
  if (error instanceof GuestExit) return { reason: "proc_exit", message: error.message };
  return { reason: "trap", message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

/** The innermost frames of a trap, for the log. They include function names if the guest has a name section. */
export function guestFramesOf(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return "";
  return error.stack
    .split("\n")
    .filter((line) => line.includes("wasm://") || line.includes("wasm-function"))
    .slice(0, 6)
    .map((line) => line.trim())
    .join("; ");
}
