import { parseArgs } from "node:util";
import { isKeyName, isKeyScope } from "../../worker/credentials/api-keys/key-lines.ts";
import { called } from "../called.ts";

export interface ApiKeyOptions {
  /** `line`: for a key that exists already, from standard input. */
  readonly command: "create" | "line";
  readonly name: string;
  readonly scopes: readonly string[];
}

export type ParsedApiKey =
  | { readonly kind: "run"; readonly options: ApiKeyOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export const API_KEY_USAGE = `${called("api-key", "create NAME [--scopes a,b]")}      makes a key and its line for the secret
${called("api-key", "line NAME [--scopes a,b]")}        the line of a key that exists, from standard input

NAME is what upstreams and logs call the key's owner. docs/api-keys.md says how to use both.`;

export function parseApiKeyOptions(args: readonly string[]): ParsedApiKey {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { scopes: { type: "string", default: "" }, help: { type: "boolean", short: "h", default: false } },
    });
    if (values.help) return { kind: "help" };
    const [command, name, ...more] = positionals;
    if (command !== "create" && command !== "line") {
      return wrong(
        `found ${command === undefined ? "no command" : JSON.stringify(command)}, allowed are create and line`,
      );
    }
    if (name === undefined || more.length > 0) return wrong(`${command} takes one NAME`);
    if (!isKeyName(name))
      return wrong(`the name ${JSON.stringify(name)} has characters other than visible ASCII, or "#" first`);
    const scopes = values.scopes === "" ? [] : values.scopes.split(",");
    const odd = scopes.find((scope) => !isKeyScope(scope));
    if (odd !== undefined)
      return wrong(`${JSON.stringify(odd)} is no scope: visible ASCII without blank, quote, comma and backslash`);
    return { kind: "run", options: { command, name, scopes } };
  } catch (error) {
    if (error instanceof TypeError) return wrong(error.message);
    throw error;
  }
}

function wrong(message: string): ParsedApiKey {
  return { kind: "wrong", message };
}
