import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import binaryen from "binaryen";

/** Most guests need these two; a test adds its functions. */
const ALLOCATOR = `(func (export "malloc") (param i32) (result i32) (i32.const 1024))`;
const ABI = `(func (export "proxy_abi_version_0_2_1"))`;

export interface GuestParts {
  /** WebAssembly text: functions, globals, data. Imports are the `imports` below. */
  readonly body?: string;
  readonly imports?: string;
  readonly abi?: string;
  readonly allocator?: string;
  readonly pages?: number;
  /** None by default, as with most toolchains. */
  readonly maximumPages?: number;
}

/** A temporary folder of files for the command line. */
export class FilterFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), "ebb-filter-"));

  write(name: string, content: string | Uint8Array): string {
    const file = join(this.#folder, name);
    writeFileSync(file, content);
    return file;
  }

  json(name: string, content: unknown): string {
    return this.write(name, JSON.stringify(content));
  }

  /** A filter from WebAssembly text. */
  guest(name: string, parts: GuestParts): string {
    const { body = "", imports = "", abi = ABI, allocator = ALLOCATOR, pages = 1, maximumPages = "" } = parts;
    const memory = `(memory (export "memory") ${pages} ${maximumPages})`;
    return this.wat(name, `(module ${imports} ${memory} ${abi} ${allocator} ${body})`);
  }

  wat(name: string, text: string): string {
    const parsed = binaryen.parseText(text);
    parsed.setFeatures(binaryen.Features.All);
    const bytes = parsed.emitBinary();
    parsed.dispose();
    return this.write(name, bytes);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
