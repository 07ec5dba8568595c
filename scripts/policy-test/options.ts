import { parseArgs } from "node:util";
import { called } from "../called.ts";

export interface PolicyOptions {
  readonly file: string;
  readonly json: boolean;
}

export type ParsedPolicyOptions =
  | { readonly kind: "run"; readonly options: PolicyOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

const DEFAULT_FILE = "gateway.test.yaml";

export const POLICY_USAGE = `${called("policy", "[FILE] [--json]")}

Sends the requests of FILE (default ${DEFAULT_FILE}) through the real gateway, with made-up users and servers, and compares
its decisions with those that the file expects. Nothing leaves this machine. docs/policy-tests.md describes the file.

  --json    print the result as JSON

Exit code: 0 if all tests passed, 1 if one failed, 2 if the file or the configuration cannot be used.`;

/** Reads the command line. */
export function parsePolicyOptions(args: readonly string[]): ParsedPolicyOptions {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
    });
    if (values.help) return { kind: "help" };
    const [file = DEFAULT_FILE, ...more] = positionals;
    if (more.length > 0) return { kind: "wrong", message: `one file at a time, not also ${more.join(", ")}` };
    return { kind: "run", options: { file, json: values.json } };
  } catch (error) {
    return { kind: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
}
