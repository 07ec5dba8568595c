/**
 * Builds the script and the style sheet of the operator's page: `node scripts/build-page.ts`. The Worker imports them as texts, so
 * that a deployment needs no other file.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const client = join(import.meta.dirname, "../worker/operator/page/client");
const outFile = join(import.meta.dirname, "../worker/operator/page/build/assets.ts");

/** @returns true if something has changed */
export async function buildPage(): Promise<boolean> {
  const [script, style] = await Promise.all([bundled("main.ts"), bundled("page.css")]);
  const text = `/** Made by scripts/build-page.ts. */
export const SCRIPT = { name: "${named(script)}.js", text: ${JSON.stringify(script)} };
export const STYLE = { name: "${named(style)}.css", text: ${JSON.stringify(style)} };
`;
  // An unchanged file keeps its time, so that nothing is built again because of it.
  if ((await readFile(outFile, "utf8").catch(() => undefined)) === text) return false;
  await mkdir(dirname(outFile), { recursive: true });
  // Written to another file first: another process may be reading it.
  const written = `${outFile}.${process.pid}`;
  await writeFile(written, text);
  await rename(written, outFile);
  return true;
}

/** The licences of what is bundled ask for it. */
const NOTICE =
  "/*! With parts of uPlot (Copyright Leon Sorokin, MIT, https://github.com/leeoniya/uPlot) and Hono (Copyright Yusuke Wada and contributors, MIT, https://github.com/honojs/hono) */";

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(client, entry)],
    bundle: true,
    write: false,
    minify: true,
    legalComments: "none",
    banner: { js: NOTICE, css: NOTICE },
    format: "esm",
    target: ["chrome111", "firefox113", "safari16.4"],
  });
  return outputFiles[0]!.text;
}

/** Long enough that two contents never share it. */
const HASH_LENGTH = 16;

function named(content: string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, HASH_LENGTH);
}

if (import.meta.main) console.log((await buildPage()) ? "page built" : "page is up to date");
