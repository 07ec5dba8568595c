/** Why a file could not be read, as text to put after its name. */
export function readProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "does not exist";
  if (code === "EISDIR") return "is a folder";
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
