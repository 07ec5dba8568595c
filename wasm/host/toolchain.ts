/** Exports of AssemblyScript's runtime, and a callback whose name both of its SDKs misspell in the same way. */
const ASSEMBLYSCRIPT_EXPORTS: ReadonlySet<string> = new Set([
  "__new",
  "__rtti_base",
  "proxy_on_grpc_trailing_metadata",
]);

/**
 * The toolchain that built a module: a guess from its custom sections (tool-conventions: "producers", "name") and from
 * the names it imports and exports. Only shown to people.
 */
export function toolchainOf(module: WebAssembly.Module): string | undefined {
  const exports = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  const imports = WebAssembly.Module.imports(module);
  const producers = producersOf(module);
  const tool = (pattern: RegExp): string => {
    const found = producers.find(({ field, name }) => field === "processed-by" && pattern.test(name));
    return found === undefined ? "" : ` (${`${found.name} ${found.version}`.trim()})`;
  };
  const speaks = (language: RegExp): boolean =>
    producers.some(({ field, name }) => field === "language" && language.test(name));
  const names = sectionText(module, "name");

  if (speaks(/^rust$/i)) return `Rust${tool(/^rustc/)}`;
  if (speaks(/^go$/i) || hasSection(module, "go:buildid") || hasSection(module, "go.buildid")) {
    return `Go${tool(/^go/i)}`;
  }
  // TinyGo's runtime exports the whole malloc family; C++ programs with wasi-libc export at most malloc and free.
  if (
    /tinygo|runtime\.alloc\b/i.test(names) ||
    ["malloc", "calloc", "realloc", "free"].every((name) => exports.has(name))
  ) {
    return `TinyGo${tool(/tinygo/i)}`;
  }
  if (
    imports.some(({ name }) => /^_?emscripten_/.test(name)) ||
    [...exports].some((name) => /^_?emscripten_/.test(name))
  ) {
    return `C++, Emscripten${tool(/clang/i)}`;
  }
  if (names.includes("~lib/") || [...exports].some((name) => ASSEMBLYSCRIPT_EXPORTS.has(name))) return "AssemblyScript";
  if (exports.has("stackAlloc") && exports.has("stackSave")) return `C++, Emscripten${tool(/clang/i)}`;
  // Without debug information, clang names only itself as a producer.
  if (speaks(/^c(_plus_plus|\+\+|\d|$)/i) || (producers.length === 1 && tool(/clang/i) !== "")) {
    return `C or C++${tool(/clang/i)}`;
  }
  const other = producers.find(({ field }) => field === "language") ?? producers[0];
  return other === undefined ? undefined : `${other.name} ${other.version}`.trim();
}

interface Producer {
  readonly field: string;
  readonly name: string;
  readonly version: string;
}

/** The entries of the "producers" section, up to the first malformed one. */
function producersOf(module: WebAssembly.Module): Producer[] {
  const section = WebAssembly.Module.customSections(module, "producers")[0];
  if (section === undefined) return [];
  const reader = new SectionReader(new Uint8Array(section));
  const producers: Producer[] = [];
  for (let fields = reader.u32(); fields > 0 && !reader.ended; fields--) {
    const field = reader.text();
    for (let values = reader.u32(); values > 0 && !reader.ended; values--) {
      producers.push({ field, name: reader.text(), version: reader.text() });
    }
  }
  return producers;
}

/** Reads the numbers (LEB128) and texts of a section; zeros and empty texts past its end. */
class SectionReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }

  text(): string {
    const size = this.u32();
    const start = this.#at;
    this.#at = Math.min(start + size, this.#bytes.length);
    return new TextDecoder().decode(this.#bytes.subarray(start, this.#at));
  }
}

function hasSection(module: WebAssembly.Module, name: string): boolean {
  return WebAssembly.Module.customSections(module, name).length > 0;
}

/** A section's bytes as text, one character per byte. Function names appear in it as plain text. */
function sectionText(module: WebAssembly.Module, name: string): string {
  const section = WebAssembly.Module.customSections(module, name)[0];
  return section === undefined ? "" : new TextDecoder("latin1").decode(section);
}
