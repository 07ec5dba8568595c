/** A user's mistake on the command line. The message names the file, the field and what is allowed. */
export class WrongInput extends Error {}

/** The message of an error of any kind. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
