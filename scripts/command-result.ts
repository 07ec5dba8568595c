/** What a command prints and exits with. */
export interface CommandResult {
  /** False if what was asked for failed, or if the command line was wrong. */
  readonly ok: boolean;
  /** For standard output. */
  readonly report?: string;
  /** For standard error. */
  readonly complaint?: string;
}

export function print({ report, complaint }: CommandResult): void {
  if (report !== undefined) console.log(report);
  if (complaint !== undefined) console.error(complaint);
}

/** Prints the result and sets the exit code. */
export function conclude(result: CommandResult): void {
  print(result);
  process.exitCode = result.ok ? 0 : 1;
}
