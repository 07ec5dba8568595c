import { describe, expect, it } from "vitest";
import { moduleOf } from "./testing/wat-guest.setup.ts";
import { toolchainOf } from "./toolchain.ts";

const text = (content: string): number[] => [content.length, ...new TextEncoder().encode(content)];

/** A module with nothing but custom sections. */
function withSections(...sections: [name: string, content: number[]][]): WebAssembly.Module {
  const bytes = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  for (const [name, content] of sections) {
    const body = [...text(name), ...content];
    bytes.push(0, ...(body.length < 0x80 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7]), ...body);
  }
  return new WebAssembly.Module(Uint8Array.from(bytes));
}

const producers = (...fields: [field: string, name: string, version: string][]): [string, number[]] => [
  "producers",
  [fields.length, ...fields.flatMap(([field, name, version]) => [...text(field), 1, ...text(name), ...text(version)])],
];
const exporting = (...names: string[]): WebAssembly.Module =>
  moduleOf(`(module ${names.map((name) => `(func (export "${name}"))`).join("")})`);

describe("the toolchain that built a module", () => {
  it.each([
    ["Rust (rustc 1.80.0)", [producers(["language", "Rust", ""], ["processed-by", "rustc", "1.80.0"])]],
    [
      "Go (Go cmd/compile go1.24)",
      [producers(["language", "Go", "go1.24"], ["processed-by", "Go cmd/compile", "go1.24"])],
    ],
    ["Go", [["go:buildid", [1, 2]]]],
    ["C or C++ (clang 18.1)", [producers(["language", "C_plus_plus_14", ""], ["processed-by", "clang", "18.1"])]],
    ["C or C++ (Debian clang 14.0.6)", [producers(["processed-by", "Debian clang", "14.0.6"])]],
    ["TinyGo", [["name", text("runtime.alloc")]]],
    ["AssemblyScript", [["name", text("~lib/rt/stub/__alloc")]]],
    ["Zig 0.13", [producers(["language", "Zig", "0.13"])]],
  ] as [string, [string, number[]][]][])("is %s by its custom sections", (toolchain, sections) => {
    expect(toolchainOf(withSections(...sections))).toBe(toolchain);
  });

  it.each([
    ["TinyGo", ["malloc", "calloc", "realloc", "free"]],
    ["AssemblyScript", ["__new", "__pin"]],
    ["AssemblyScript", ["malloc", "free", "proxy_on_grpc_trailing_metadata"]],
    ["C++, Emscripten", ["stackAlloc", "stackSave"]],
    ["C++, Emscripten", ["emscripten_stack_init"]],
  ])("is %s according to its exports", (toolchain, exports) => {
    expect(toolchainOf(exporting(...exports))).toBe(toolchain);
  });

  it("is Emscripten according to its imports", () => {
    const module = moduleOf(`(module (import "env" "emscripten_notify_memory_growth" (func (param i32))))`);
    expect(toolchainOf(module)).toBe("C++, Emscripten");
  });

  it("is unknown if a module contains no hints, or nonsense", () => {
    expect(toolchainOf(exporting("proxy_on_tick"))).toBeUndefined();
    expect(toolchainOf(withSections(["producers", [255, 255, 255, 255, 255]]))).toBeUndefined();
    expect(toolchainOf(withSections(["producers", [200, 1, 200, 1]]))).toBeUndefined();
    expect(toolchainOf(withSections(["producers", []]))).toBeUndefined();
  });
});
