/** `npm run schema`: writes the JSON Schema of the configuration, the page with every field, and the JSON Schema of /stats. */
import { writeFileSync } from "node:fs";
import { makeDocuments } from "./schema/documents.ts";

const { files, mismatches } = makeDocuments();
for (const [file, text] of Object.entries(files)) {
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}
for (const { path, problem } of mismatches) console.error(`${path}: ${problem}.`);
if (mismatches.length > 0) process.exitCode = 1;
