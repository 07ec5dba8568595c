import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { idleFilter } from "../wasm/binary/testing/binary.ts";
import { buildForConfig } from "./build.ts";

let file: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "ebb-build-"));
  file = join(folder, "gateway.config.ts");
  const service = `{ route: { prefix: "/a" }, upstream: { url: "https://a.example" }, filter, configuration: "" }`;
  await writeFile(file, `import filter from "./own.wasm"; export default { services: { a: ${service} } };`);
  return () => rm(folder, { recursive: true });
});

async function buildWith(section: number[]): Promise<void> {
  await writeFile(join(file, "../own.wasm"), idleFilter(section));
  await buildForConfig(file);
}

describe("the build", () => {
  it("fails for a filter whose memory has no maximum, and so does a deployment", async () => {
    await expect(buildWith([1, 0, 1])).rejects.toThrow(
      /services\.a\.filter: found .*no memory maximum.*npm run filter/,
    );
  });

  it("accepts a filter with a memory maximum", async () => {
    await buildWith([1, 1, 1, 16]);
  });
});
