import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { type Finding, findingsOf, toProblems } from "../../config/problems.ts";
import { readProblem } from "../read-problem.ts";
import { type PolicyFile, policyFileSchema } from "./policy-file.ts";

/** A file that was read, with the place of each of its parts. */
export interface OpenedPolicyFile {
  readonly name: string;
  readonly policy: PolicyFile;
  /** The line of a part, or of the nearest part around it; the first is 1. */
  lineOf(path: Finding["path"]): number;
}

export type ReadPolicyFile =
  | { readonly ok: true; readonly file: OpenedPolicyFile }
  | { readonly ok: false; readonly complaint: string };

const MAX_BYTES = 4 * 1_024 * 1_024;

/** Reads a file with policy tests: YAML, of which JSON is a part. For the user's mistakes, returns a text and does not throw. */
export async function readPolicyFile(name: string): Promise<ReadPolicyFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(name);
  } catch (error) {
    return { ok: false, complaint: `${name} ${readProblem(error)}` };
  }
  if (bytes.length > MAX_BYTES) {
    return { ok: false, complaint: `${name} has ${bytes.length} bytes; allowed: at most ${MAX_BYTES}; split it` };
  }
  return parsePolicyFile(name, bytes.toString("utf8"));
}

/** @param name for messages */
export function parsePolicyFile(name: string, text: string): ReadPolicyFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = lines.linePos(error.pos[0]).line;
    const key = /^[^\s:]*/.exec(text.slice(error.pos[0]))?.[0];
    const complaint = error.code === "DUPLICATE_KEY" ? `${key} is there twice; allowed: each name once` : error.message;
    return { ok: false, complaint: `${name}:${line}: ${complaint}` };
  }
  let input: unknown;
  try {
    input = document.toJS();
  } catch (failure) {
    // An alias without its anchor, or aliases that would fill the memory.
    return { ok: false, complaint: `${name}: ${failure instanceof Error ? failure.message : String(failure)}` };
  }
  const lineOf = (path: Finding["path"]): number => lines.linePos(offsetOf(document.contents, path)).line;
  const result = v.safeParse(policyFileSchema, input);
  if (!result.success) {
    return { ok: false, complaint: complaintOf({ name, lineOf }, findingsOf(result.issues, [])) };
  }
  return { ok: true, file: { name, policy: result.output, lineOf } };
}

/** One line for each finding: file, line, field, what was found, what is allowed. */
export function complaintOf({ name, lineOf }: Omit<OpenedPolicyFile, "policy">, findings: readonly Finding[]): string {
  return findings
    .toSorted((a, b) => lineOf(a.path) - lineOf(b.path))
    .flatMap((finding) =>
      toProblems(name, [finding]).map(
        ({ path, found, allowed }) =>
          `${name}:${lineOf(finding.path)}: ${path === "" ? "" : `${path}: `}found ${found}; allowed: ${allowed}.`,
      ),
    )
    .filter((line, index, all) => all.indexOf(line) === index)
    .join("\n");
}

/** Where the part begins, or the nearest part around it that is there. */
function offsetOf(root: Node | null, path: Finding["path"]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (!isScalar(pair?.key)) return offset;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === "number") {
      node = node.items[key];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}
