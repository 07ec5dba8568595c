/** Worker thread of the evaluation: receives cases and answers with their results. */
import { parentPort } from "node:worker_threads";
import type { Case } from "./cases.ts";
import { caseName } from "./cases.ts";
import type { WorkerAnswer } from "./pool.ts";
import { runCase } from "./run-case.ts";

parentPort?.on("message", async (given: Case) => {
  let answer: WorkerAnswer;
  try {
    answer = { result: await runCase(given) };
  } catch (error) {
    answer = { error: `${caseName(given)}: ${error instanceof Error ? error.message : String(error)}` };
  }
  parentPort?.postMessage(answer);
});
