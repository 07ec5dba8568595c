/** Worker thread of the evaluation: receives cases and answers with their results. Its data is the memory of its GuestCalls. */
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerMessage } from "./case-worker.ts";
import type { Case } from "./cases.ts";
import { GuestCalls } from "./guests/guest-calls.ts";
import { runCase } from "./run-case.ts";

const calls = new GuestCalls(workerData);

parentPort?.on("message", async (given: Case) => send(await answerTo(given)));
send("ready");

async function answerTo(given: Case): Promise<WorkerMessage> {
  try {
    return { result: await runCase(given, calls) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}
