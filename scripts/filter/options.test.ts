import { describe, expect, it } from "vitest";
import { parseFilterOptions } from "./options.ts";

function wrong(...args: string[]): string {
  const parsed = parseFilterOptions(args);
  return parsed.kind === "wrong" ? parsed.message : parsed.kind;
}

describe("the options of npm run filter", () => {
  it("have defaults", () => {
    expect(parseFilterOptions(["try", "a.wasm"])).toMatchObject({
      kind: "run",
      options: { command: "try", file: "a.wasm", configuration: "", rootId: "", stages: [], repeat: 1, json: false },
    });
    expect(parseFilterOptions(["inspect", "a.wasm"])).toMatchObject({
      kind: "run",
      options: { command: "inspect", requests: 10_000 },
    });
  });

  it("cap a filter in place, at a service's default limit, by default", () => {
    expect(parseFilterOptions(["cap", "a.wasm"])).toEqual({
      kind: "run",
      options: { command: "cap", files: ["a.wasm"], outFile: undefined, maximumBytes: 67_108_864 },
    });
    expect(parseFilterOptions(["cap", "a.wasm", "--out", "b.wasm", "--maximum-bytes", "65536"])).toMatchObject({
      options: { files: ["a.wasm"], outFile: "b.wasm", maximumBytes: 65_536 },
    });
    expect(parseFilterOptions(["cap", "a.wasm", "b.wasm"])).toMatchObject({ options: { files: ["a.wasm", "b.wasm"] } });
    expect(wrong("cap", "a.wasm", "b.wasm", "--out", "c.wasm")).toMatch(
      /--out names one file, and there are 2 filters/,
    );
  });

  it("take stages separated by commas, or all", () => {
    expect(parseFilterOptions(["try", "a.wasm", "--stages", "request-body, response-headers"])).toMatchObject({
      options: { stages: ["request-body", "response-headers"] },
    });
    expect(parseFilterOptions(["try", "a.wasm", "--stages", "all"])).toMatchObject({ options: { stages: "all" } });
  });

  it("are explained with --help, and without a command", () => {
    for (const args of [[], ["--help"], ["try", "--help"], ["inspect", "-h"], ["cap", "-h"]]) {
      expect(parseFilterOptions(args).kind).toBe("help");
    }
  });

  it("refuse a size that memory cannot have, and name the nearest sizes", () => {
    expect(wrong("cap", "a.wasm", "--maximum-bytes", "100000")).toBe(
      "--maximum-bytes is 100000, which is no multiple of 65536; the nearest allowed are 65536 and 131072.",
    );
    expect(wrong("cap", "a.wasm", "--maximum-bytes", "134217727")).toMatch(/134152192 and 134217728\.$/);
  });

  it("are refused with a message that says what was found and what is allowed", () => {
    expect(wrong("tri", "a.wasm")).toMatch(
      /"tri" is no command; allowed is "inspect", "try" or "cap" \(did you mean "try"\?\)/,
    );
    expect(wrong("try")).toMatch(/The filter is missing/);
    expect(wrong("try", "a.wasm", "b.wasm")).toMatch(/"b\.wasm" is one too many/);
    expect(wrong("try", "a.wasm", "--stages", "body")).toMatch(
      /--stages names "body"; allowed is "all", "request-body"/,
    );
    expect(wrong("try", "a.wasm", "--stages", "request-headers")).toMatch(/always runs/);
    expect(wrong("try", "a.wasm", "--repeat", "0")).toMatch(/--repeat is "0"; allowed is a whole number from 1 to/);
    expect(wrong("try", "a.wasm", "--requests", "1")).toMatch(/--requests/);
    expect(wrong("cap")).toMatch(/The filter is missing/);
    expect(wrong("cap", "a.wasm", "--maximum-bytes", "64MiB")).toMatch(
      /--maximum-bytes is "64MiB"; allowed is a whole number from 65536 to 134217728/,
    );
    expect(wrong("cap", "a.wasm", "--config", "x")).toMatch(/--config/);
    expect(wrong("cap", "")).toMatch(/The filter is missing/);
    expect(wrong("cap", "a.wasm", "--out", "")).toBe('--out is ""; allowed is the name of the file to write.');
    expect(wrong("inspect", "a.wasm", "--requests", "many")).toMatch(/--requests is "many"/);
  });
});
