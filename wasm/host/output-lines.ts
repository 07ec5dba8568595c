import type { LogLevel } from "./abi.ts";
import { HOST_LIMITS } from "./host-limits.ts";

const LINE_FEED = 0x0a;

/**
 * Sends standard output and error to the log. Runtimes write a line in pieces (Rust writes a panic message in a dozen),
 * and each piece would become a log line. So an unfinished line waits for more output, at most until the callback returns.
 */
export class OutputLines {
  readonly #log: (level: LogLevel, text: string) => void;
  readonly #begun = new Map<LogLevel, Uint8Array>();

  /** @param log called with one or more complete lines */
  constructor(log: (level: LogLevel, text: string) => void) {
    this.#log = log;
  }

  write(level: LogLevel, bytes: Uint8Array): void {
    const begun = this.#begun.get(level);
    const output = begun === undefined ? bytes : joined(begun, bytes);
    const ended = output.lastIndexOf(LINE_FEED) + 1;
    if (ended > 0) this.#log(level, textOf(output.subarray(0, ended)));
    const rest = output.slice(ended, ended + HOST_LIMITS.logLineBytes);
    if (rest.length > 0) this.#begun.set(level, rest);
    else this.#begun.delete(level);
  }

  /** Logs unfinished lines. */
  flush(): void {
    if (this.#begun.size === 0) return;
    const lines = [...this.#begun];
    this.#begun.clear();
    for (const [level, bytes] of lines) this.#log(level, textOf(bytes));
  }
}

/** For complete lines only: a character may begin in one piece and end in the next. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
