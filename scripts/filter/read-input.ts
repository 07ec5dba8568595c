import { readFile, stat } from "node:fs/promises";
import * as v from "valibot";
import { findingsOf, toProblems } from "../../config/problems.ts";
import { readProblem } from "../read-problem.ts";
import { messageOf, WrongInput } from "./wrong-input.ts";

/**
 * Reads a JSON file of a known shape.
 * @throws WrongInput with every mistake in it, one per line
 */
export async function readJson<Output>(file: string, schema: v.GenericSchema<unknown, Output>): Promise<Output> {
  const text = await readText(file);
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (error) {
    throw new WrongInput(`${file}: is no JSON: ${messageOf(error)}`);
  }
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const problems = toProblems(file, findingsOf(result.issues, []));
  throw new WrongInput(
    problems
      .map(
        ({ path, found, allowed }) => `${file}: ${path === "" ? "" : `${path}: `}found ${found}; allowed: ${allowed}.`,
      )
      .join("\n"),
  );
}

export interface TextOrFile {
  readonly bytes: Uint8Array;
  /** Undefined: the text itself was given. */
  readonly file: string | undefined;
}

/** A text from the command line, or the content of the file that it names. */
export async function readTextOrFile(option: string, value: string): Promise<TextOrFile> {
  const found = await stat(value).catch(() => undefined);
  if (found?.isFile()) return { bytes: new Uint8Array(await readFile(value)), file: value };
  // A mistyped file name must not become the filter's configuration.
  if (found?.isDirectory()) {
    throw new WrongInput(
      `${option} names a folder: ${value}: name a file in it, or put the text into a file if it is meant as one`,
    );
  }
  if (/^[\w.~/-]+\.(json|txt|ya?ml|conf|pb|bin)$/.test(value)) {
    throw new WrongInput(`${option} looks like the name of a file, and there is none: ${value}`);
  }
  return { bytes: new TextEncoder().encode(value), file: undefined };
}

/**
 * Compiles a module.
 * @throws WrongInput that says what the file is instead
 */
export async function readModule(
  file: string,
): Promise<{ readonly module: WebAssembly.Module; readonly bytes: Uint8Array }> {
  const bytes = await readBytes(file);
  const [magic, kind] = [bytes.subarray(0, 4).toString("latin1"), bytes.subarray(4, 8).toString("latin1")];
  if (magic !== "\0asm")
    throw new WrongInput(`${file}: is no WebAssembly: it does not begin with "\\0asm"${wat(bytes)}`);
  if (kind === "\x0d\0\x01\0") {
    throw new WrongInput(
      `${file}: is a WebAssembly component, and Proxy-Wasm filters are modules: build it for wasm32-wasip1, not wasip2`,
    );
  }
  try {
    return { module: await WebAssembly.compile(new Uint8Array(bytes)), bytes };
  } catch (error) {
    throw new WrongInput(`${file}: cannot be compiled: ${messageOf(error)}`);
  }
}

function wat(bytes: Buffer): string {
  return bytes.subarray(0, 512).toString("utf8").trimStart().startsWith("(module")
    ? " (WebAssembly text: assemble it first)"
    : "";
}

async function readText(file: string): Promise<string> {
  return (await readBytes(file)).toString("utf8");
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new WrongInput(`${file}: ${readProblem(error)}`);
  }
}
