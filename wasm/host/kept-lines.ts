import type { LogLevel } from "./abi.ts";
import { HOST_LIMITS } from "./host-limits.ts";

interface KeptLine {
  readonly contextId: number;
  readonly text: string;
}

/** The last lines that a guest logged: they often say why it fails, and stand beside the failure in the embedder's log. */
export class KeptLines {
  readonly #lines: KeptLine[] = [];

  keep(contextId: number, level: LogLevel, message: string): void {
    const text = `${level}: ${message.slice(0, HOST_LIMITS.keptLogLineLength)}`;
    this.#lines.push({ contextId, text });
    if (this.#lines.length > HOST_LIMITS.keptLogLines) this.#lines.shift();
  }

  /** The last ones of all contexts, oldest first. */
  get last(): string[] {
    return lastOf(this.#lines);
  }

  /** The last ones of one context, oldest first. */
  lastOf(contextId: number): string[] {
    return lastOf(this.#lines.filter((line) => line.contextId === contextId));
  }
}

function lastOf(lines: readonly KeptLine[]): string[] {
  return lines.slice(-HOST_LIMITS.shownLogLines).map(({ text }) => text);
}
