/**
 * `npm run soak`: mixed, faulty and hostile traffic against the gateway on a bare workerd, for a given time. Compares every
 * answer with a reference. `--help` lists the options.
 */
import { randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { parseSoakOptions, SOAK_USAGE } from "./soak/options.ts";
import { runSoak } from "./soak/run.ts";

const parsed = parseSoakOptions(process.argv.slice(2), () => randomInt(2 ** 31));
switch (parsed.kind) {
  case "help":
    console.log(SOAK_USAGE);
    break;
  case "wrong":
    console.error(`${parsed.message} (--help lists the options)`);
    process.exit(1);
    break;
  case "run": {
    const stop = new AbortController();
    process.once("SIGINT", () => stop.abort());
    process.once("SIGTERM", () => stop.abort());
    const summary = await runSoak(parsed.options, stop.signal, (line) => console.error(line));
    const text = JSON.stringify(summary, undefined, 2);
    console.log(text);
    if (parsed.options.json !== undefined) await writeFile(parsed.options.json, `${text}\n`);
    process.exit(summary.ok ? 0 : 1);
  }
}
