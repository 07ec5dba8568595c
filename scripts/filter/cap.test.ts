import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readMemoryLimits } from "../../wasm/binary/memory-section.ts";
import { runFilterCommand } from "../filter.ts";
import { FilterFiles } from "./testing/filter-files.setup.ts";

const files = new FilterFiles();
afterAll(() => files.remove());

const cap = (file: string, ...options: string[]) => runFilterCommand(["cap", file, ...options]);
const maximumOf = (file: string) => readMemoryLimits(readFileSync(file))?.maximumPages;

describe("cap", () => {
  it("writes the maximum into the file and reports the previous one", async () => {
    const file = files.guest("endless.wasm", {});
    expect(await cap(file)).toEqual({
      ok: true,
      report: `${file}: its memory may grow to 64 MiB; before: no maximum`,
    });
    expect(maximumOf(file)).toBe(1_024);
    expect(await cap(file, "--maximum-bytes", "983040")).toEqual({
      ok: true,
      report: `${file}: its memory may grow to 960 KiB; before: 64 MiB`,
    });
    expect(maximumOf(file)).toBe(15);
  });

  it("keeps a lower maximum", async () => {
    const file = files.guest("low.wasm", { maximumPages: 2 });
    const before = readFileSync(file);
    expect((await cap(file)).report).toBe(`${file}: its memory may grow to 128 KiB, as before`);
    expect(readFileSync(file)).toEqual(before);
  });

  it("leaves the file unchanged if --out names another", async () => {
    const file = files.guest("original.wasm", {});
    const before = readFileSync(file);
    const out = join(dirname(file), "copy.wasm");
    expect((await cap(file, "--out", out)).report).toMatch(/copy\.wasm: its memory may grow to 64 MiB/);
    expect(readFileSync(file)).toEqual(before);
    expect(maximumOf(out)).toBe(1_024);
    const low = files.guest("low-original.wasm", { maximumPages: 2 });
    await cap(low, "--out", out);
    expect(readFileSync(out)).toEqual(readFileSync(low));
  });

  it("writes the target of a link and keeps the link", async () => {
    const file = files.guest("linked.wasm", {});
    const link = join(dirname(file), "link.wasm");
    symlinkSync("linked.wasm", link);
    expect((await cap(link)).ok).toBe(true);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(maximumOf(file)).toBe(1_024);
  });

  it("keeps the mode of the file that it replaces", async () => {
    for (const mode of [0o755, 0o600, 0o666]) {
      const file = files.guest("with-mode.wasm", {});
      chmodSync(file, mode);
      await cap(file);
      expect(statSync(file).mode & 0o777).toBe(mode);
      expect(maximumOf(file)).toBe(1_024);
    }
  });

  it("takes several filters; one that cannot be capped does not keep the others from it", async () => {
    const [first, second] = [files.guest("first.wasm", {}), files.guest("second.wasm", {})];
    const { ok, report, complaint } = await cap(first, "nowhere.wasm", second);
    expect(ok).toBe(false);
    expect(report?.split("\n")).toEqual([
      `${first}: its memory may grow to 64 MiB; before: no maximum`,
      `${second}: its memory may grow to 64 MiB; before: no maximum`,
    ]);
    expect(complaint).toBe("nowhere.wasm: does not exist");
    expect([maximumOf(first), maximumOf(second)]).toEqual([1_024, 1_024]);
    expect((await cap(first, second)).ok).toBe(true);
  });

  it("makes a filter that `inspect` no longer warns about", async () => {
    const file = files.guest("mended.wasm", {});
    await cap(file);
    const { ok, report } = await runFilterCommand(["inspect", file, "--requests", "10"]);
    expect(ok).toBe(true);
    expect(report).not.toContain("WARNING");
  });
});

describe("cap refuses, and writes nothing", () => {
  it("a memory that is larger at start", async () => {
    const file = files.guest("large.wasm", { pages: 32 });
    const before = readFileSync(file);
    const { ok, complaint } = await cap(file, "--maximum-bytes", "1048576");
    expect(ok).toBe(false);
    expect(complaint).toBe(
      `${file}: starts with 2097152 bytes of memory, more than the maximum of 1048576: allow it more, or link it with less`,
    );
    expect(readFileSync(file)).toEqual(before);
  });

  it("a module without a memory, and files that are not modules", async () => {
    expect((await cap(files.wat("none.wasm", "(module)"))).complaint).toMatch(/none\.wasm: defines no memory/);
    expect((await cap(files.write("text.wasm", "(module)"))).complaint).toMatch(/is no WebAssembly/);
    expect((await cap("nowhere.wasm")).complaint).toBe("nowhere.wasm: does not exist");
  });

  it("a path that cannot be written, and explains why", async () => {
    const file = files.guest("unwritten.wasm", {});
    const folder = join(dirname(file), "folder");
    mkdirSync(folder);
    const socket = join(folder, "socket");
    const server = createServer().listen(socket);
    await once(server, "listening");
    const link = join(folder, "link.wasm");
    symlinkSync("nowhere.wasm", link);
    const before = readdirSync(folder);

    const complaints = [
      ["no-such-folder/copy.wasm", "cannot be written: there is no folder no-such-folder"],
      ["no-such-folder/", "cannot be written: there is no folder no-such-folder"],
      [join(file, "copy.wasm"), `cannot be written: there is no folder ${file}`],
      [folder, "is a folder: name the file in it that is to be written"],
      [socket, "is a device, a pipe or a socket: name a file"],
      [link, "is a link that leads nowhere: remove it, or name a file"],
    ] as const;
    for (const [out, complaint] of complaints) {
      expect(await cap(file, "--out", out)).toEqual({ ok: false, complaint: `${out}: ${complaint}` });
    }
    expect(existsSync("no-such-folder")).toBe(false);
    expect(readdirSync(folder)).toEqual(before);
    server.close();
  });

  it("a name that the system refuses, without naming the temporary file", async () => {
    const file = files.guest("long.wasm", {});
    const out = join(dirname(file), `${"long".repeat(63)}.wasm`);
    expect((await cap(file, "--out", out)).complaint).toMatch(
      /long\.wasm: cannot be written: ENAMETOOLONG: name too long; --out names another place$/,
    );
  });
});
