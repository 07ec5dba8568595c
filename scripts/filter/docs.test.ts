/** Checks each row of the tables in docs/ against the code. */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { streamRequest } from "../../durable/request/stream-request.ts";
import { CALLBACK_NAMES, UNCALLED_NAMES } from "../../wasm/host/callbacks.ts";
import { PROXY_FUNCTIONS, WASI_FUNCTION_NAMES } from "../../wasm/host/function-catalog.ts";
import { inspectModule } from "../../wasm/host/index.ts";
import { runFilterCommand } from "../filter.ts";
import { repliesSchema, requestSchema } from "./input-schema.ts";
import { parseFilterOptions } from "./options.ts";
import { readJson } from "./read-input.ts";
import { FilterFiles } from "./testing/filter-files.setup.ts";

const files = new FilterFiles();
afterAll(() => files.remove());

/** The rows below a heading whose first cell is code. */
function rowsBelow(file: string, heading: RegExp): { readonly name: string; readonly cells: readonly string[] }[] {
  const section = readFileSync(file, "utf8")
    .split(/^## /m)
    .find((part) => heading.test(part));
  return [...(section ?? "").matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)].map(([, name, rest]) => ({
    name: name ?? "",
    cells: (rest ?? "").split("|").map((cell) => cell.trim()),
  }));
}

describe("docs/abi.md", () => {
  const functions = rowsBelow("docs/abi.md", /^Host functions/);
  const wasi = rowsBelow("docs/abi.md", /^WASI/);
  const callbacks = rowsBelow("docs/abi.md", /^Callbacks/);

  it("lists every function with its versions, and every callback", () => {
    const versions = ["0.1.0", "0.2.0", "0.2.1"];
    const expected = [...PROXY_FUNCTIONS].map(([name, of]) => [
      name,
      of.length === versions.length ? "all" : of.join(", "),
    ]);
    expect(functions.map(({ name, cells }) => [name, cells[0]]).toSorted()).toEqual(expected.toSorted());
    expect(wasi.map(({ name }) => name).toSorted()).toEqual([...WASI_FUNCTION_NAMES].toSorted());
    expect(callbacks.map(({ name }) => name).toSorted()).toEqual([...CALLBACK_NAMES, ...UNCALLED_NAMES].toSorted());
  });

  it("gives each the same state as `inspect`", () => {
    const file = files.guest("everything.wasm", {
      imports: [
        ...functions.map(({ name }) => `(import "env" "${name}" (func))`),
        ...wasi.map(({ name }) => `(import "wasi_snapshot_preview1" "${name}" (func))`),
      ].join("\n"),
      body: callbacks.map(({ name }) => `(func (export "${name}"))`).join("\n"),
    });
    const { imports, exports } = inspectModule(new WebAssembly.Module(readFileSync(file)));
    const named = (state: string): string[] => [
      ...functions.filter(({ cells }) => cells[1] === state).map(({ name }) => `env.${name}`),
      ...wasi.filter(({ cells }) => cells[0] === state).map(({ name }) => `wasi_snapshot_preview1.${name}`),
    ];
    expect(imports.answered.toSorted()).toEqual(named("answered").toSorted());
    expect(imports.unimplemented.toSorted()).toEqual(named("unimplemented").toSorted());
    expect(imports.unknown).toEqual([]);
    const inState = (state: string) => callbacks.filter(({ cells }) => cells[0] === state).map(({ name }) => name);
    expect(exports.called.toSorted()).toEqual(inState("called").toSorted());
    expect(exports.uncalled.toSorted()).toEqual(inState("never called").toSorted());
  });
});

describe("docs/properties.md", () => {
  const answered = rowsBelow("docs/properties.md", /^Answered/).flatMap(({ name, cells }) => ({
    name,
    from: cells[1],
  }));
  const notAnswered = rowsBelow("docs/properties.md", /^Not answered/).map(({ name }) => name);

  /** The status a filter gets for each property at the end of a request, with the gateway's attributes. */
  async function statuses(names: readonly string[]): Promise<Map<string, string>> {
    const filter = files.guest("properties.wasm", propertiesGuest(names));
    const ask: Parameters<typeof streamRequest>[0] = {
      configVersion: "",
      serviceVersion: "",
      service: "orders",
      method: "GET",
      path: "/",
      query: "",
      host: "example.com",
      scheme: "https",
      headers: [],
      endOfStream: true,
      doneInWorker: [],
      source: { address: "192.0.2.1" },
    };
    const { attributes } = streamRequest(ask, "rule-0", new AbortController().signal);
    const part = { headers: { "grpc-status": "0", "x-a": "1" }, body: "x", trailers: { "x-b": "2" } };
    const request = {
      ...part,
      attributes,
      path: "/a?b=c",
      headers: { referer: "a", "user-agent": "b", "x-request-id": "c", "x-a": "1" },
    };
    const { report } = await runFilterCommand([
      ...["try", filter, "--stages", "all", "--json"],
      ...["--request", files.json("request.json", request), "--response", files.json("response.json", part)],
    ]);
    const { logs } = JSON.parse(report ?? "").first.records;
    return new Map(names.map((name, index) => [name, logs[index]?.message]));
  }

  it("lists correctly whether each property is answered", async () => {
    const names = [...answered.map(({ name }) => name), ...notAnswered];
    expect(answered.length).toBeGreaterThan(25);
    const byName = await statuses(names);
    const wrong = names.filter((name) => byName.get(name) !== (notAnswered.includes(name) ? NOT_FOUND : OK));
    expect(wrong).toEqual([]);
  });
});

describe("docs/bring-a-filter.md", () => {
  const page = readFileSync("docs/bring-a-filter.md", "utf8");

  it("shows files that the command can read", async () => {
    const [request = "", replies = ""] = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, json]) => json);
    await expect(readJson(files.write("shown-request.json", request), requestSchema)).resolves.toMatchObject({
      headers: [
        ["authorization", "Bearer demo-{n}"],
        ["accept", "text/html, text/plain"],
      ],
    });
    await expect(readJson(files.write("shown-replies.json", replies), repliesSchema)).resolves.toHaveLength(2);
  });

  it("shows commands with options that exist", () => {
    const commands = [...page.replaceAll("\\\n", "").matchAll(/^npm run filter -- (.*)$/gm)].map(
      ([, args]) => args ?? "",
    );
    expect(commands.length).toBeGreaterThan(3);
    for (const args of commands) expect(parseFilterOptions(args.split(/ +/)), args).toMatchObject({ kind: "run" });
  });
});

describe("the commands that README and docs show", () => {
  const docs = readdirSync("docs").filter((name) => name.endsWith(".md"));
  const pages = ["README.md", "SECURITY.md", "CONTRIBUTING.md", ...docs.map((name) => `docs/${name}`)];

  it.each(pages)(
    "in %s are scripts of package.json, because the user's Node may be too old to run TypeScript",
    (file) => {
      const page = readFileSync(file, "utf8");
      const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
      const shown = [...page.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
      expect(shown.filter((name) => !Object.hasOwn(scripts, name ?? ""))).toEqual([]);
      expect(page).not.toMatch(/\bnode \S+\.ts/);
    },
  );
});

const [OK, NOT_FOUND] = ["0", "1"];

/** Reads each property in `proxy_on_log` and logs the status as a digit. */
function propertiesGuest(names: readonly string[]) {
  const texts: string[] = [];
  let at = 4_096;
  const reads = names.map((name) => {
    const path = name.replace("<name>", "x-a").replace(".trailers.x-a", ".trailers.x-b");
    const [start, size] = [at, path.length];
    texts.push(`(data (i32.const ${start}) "${path.replaceAll(".", "\\00")}")`);
    at += size;
    return `(i32.store8 (i32.const 16)
        (i32.add (i32.const 48) (call $get (i32.const ${start}) (i32.const ${size}) (i32.const 0) (i32.const 4))))
      (drop (call $log (i32.const 2) (i32.const 16) (i32.const 1)))`;
  });
  return {
    imports: `(import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))`,
    allocator: `(func (export "malloc") (param i32) (result i32) (i32.const 8192))`,
    body: `${texts.join("\n")} (func (export "proxy_on_response_trailers") (param i32 i32) (result i32) (i32.const 0))
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))
      (func (export "proxy_on_log") (param i32) ${reads.join("\n")})`,
  };
}
