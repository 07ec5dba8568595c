/** `npm run api-key`: makes API keys, and the lines by which the gateway knows them. `--help` lists the commands. */
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { digestOf } from "../worker/credentials/api-keys/digest.ts";
import { newKey } from "../worker/credentials/api-keys/key-format.ts";
import { keyLine } from "../worker/credentials/api-keys/key-lines.ts";
import { API_KEY_USAGE, parseApiKeyOptions } from "./api-key/options.ts";
import { type CommandResult, conclude } from "./command-result.ts";

/**
 * Runs one command line.
 * @param existingKey reads the key that exists, for `line`
 */
export async function runApiKeyCommand(
  args: readonly string[],
  existingKey: () => Promise<string>,
): Promise<CommandResult> {
  const parsed = parseApiKeyOptions(args);
  if (parsed.kind === "help") return { ok: true, report: API_KEY_USAGE };
  if (parsed.kind === "wrong") return { ok: false, complaint: `${parsed.message} (--help lists the commands)` };
  const { command, name, scopes } = parsed.options;
  const key = command === "create" ? newKey(randomBytes(16)) : (await existingKey()).replace(/\r?\n$/, "");
  if (!/^[\x21-\x7e]{16,1000}$/.test(key)) {
    return {
      ok: false,
      complaint: "the key on standard input must be one line of 16 to 1000 visible ASCII characters",
    };
  }
  const line = keyLine({ digest: await digestOf(key), subject: name, scopes });
  if (command === "line") return { ok: true, report: line };
  return { ok: true, report: `The key, shown only now:\n${key}\n\nIts line for the secret:\n${line}` };
}

if (import.meta.main) conclude(await runApiKeyCommand(process.argv.slice(2), () => text(process.stdin)));
