import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readTextOrFile } from "./read-input.ts";
import { FilterFiles } from "./testing/filter-files.setup.ts";

const files = new FilterFiles();
afterAll(() => files.remove());

const read = async (value: string): Promise<string> =>
  Buffer.from((await readTextOrFile("--config", value)).bytes).toString();

describe("a text given on the command line", () => {
  it("is the content of the file that it names, or else the text itself", async () => {
    expect(await read(files.write("plugin.json", "{}"))).toBe("{}");
    expect(await read("key=value")).toBe("key=value");
    expect(await read("long ".repeat(10_000))).toHaveLength(50_000);
    expect(await read("")).toBe("");
  });

  it("is refused if it looks like a file name but there is no such file", async () => {
    await expect(read("plugin.yaml")).rejects.toThrow("--config looks like the name of a file, and there is none");
  });

  it("is refused if it names a folder, with a hint for either meaning", async () => {
    const folder = join(dirname(files.write("beside.txt", "")), "folder");
    mkdirSync(folder);
    await expect(read(folder)).rejects.toThrow(
      `--config names a folder: ${folder}: name a file in it, or put the text into a file if it is meant as one`,
    );
  });
});
