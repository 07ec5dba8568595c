/** Entry point of `npm run eval`. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { density } from "./density.ts";
import { frontiersOf } from "./frontiers.ts";
import { gapsOf, handoverGapsOf } from "./gaps.ts";
import { DEFAULT_SHARE } from "./opponents.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { runCases } from "./pool.ts";
import { reportHtml } from "./report/html.ts";
import { readmeFigures } from "./report/readme-figures.ts";
import { headlineTable, markdownTable } from "./report/table.ts";
import type { EvalResults, RunRow } from "./results.ts";

const argv = process.argv.slice(2);
if (argv.includes("--help")) {
  console.log(USAGE);
} else {
  try {
    await evaluate(parseOptions(argv));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error("npm run eval -- --help lists the options.");
    process.exitCode = 1;
  }
}

async function evaluate(options: Options): Promise<void> {
  const { cases } = options;
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1_000;
  console.log(`${cases.length} cases; ${options.command}`);
  for (const note of options.notes) console.log(note);
  const all = await runCases(cases, (done) => {
    const left = (seconds() / done) * (cases.length - done);
    process.stderr.write(
      `\r${done}/${cases.length} cases, ${seconds().toFixed(0)} s, about ${left.toFixed(0)} s left  `,
    );
  });
  process.stderr.write("\n");
  const results: EvalResults = {
    settings: {
      command: options.command,
      seeds: [...new Set(cases.flatMap(({ seeds }) => seeds))],
      extraCallsShare: DEFAULT_SHARE,
      seconds: seconds(),
    },
    scenarios: all.map(({ info }) => info),
    runs: all.flatMap(({ rows }) => rows.map(({ family: _, ...row }): RunRow => row)),
    frontiers: all.flatMap(frontiersOf),
    gaps: all.flatMap(gapsOf),
    handoverGaps: all.flatMap(handoverGapsOf),
    curves: all.flatMap(({ curves }) => curves),
    density: options.density ? await density(1) : [],
  };
  await report(results, options);
  console.log(`${seconds().toFixed(0)} s`);
}

async function report(results: EvalResults, { json, html, readme }: Options): Promise<void> {
  console.log(headlineTable(results));
  if (json !== undefined) await write(json, JSON.stringify(results));
  await write(html, await reportHtml(results));
  if (!readme) return;
  for (const [name, svg] of Object.entries(await readmeFigures(results))) await write(`docs/${name}`, svg);
  console.log(markdownTable(results));
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(`written: ${file}`);
}
