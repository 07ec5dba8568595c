import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Case } from "./cases.ts";
import type { CaseResult } from "./run-case.ts";

/** Answer of a worker to a case. */
export type WorkerAnswer = { readonly result: CaseResult } | { readonly error: string };

/**
 * Runs the cases on all cores and starts them in the given order. The results have the same order.
 * @param onDone called whenever a case ends, with the number of cases done
 * @throws the first error of any case; the others are stopped
 */
export async function runCases(cases: readonly Case[], onDone: (done: number) => void): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let next = 0;
  let done = 0;
  const workers: Worker[] = [];
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url));
    workers.push(worker);
    try {
      while (next < cases.length) {
        const index = next;
        next += 1;
        results[index] = await answerOf(worker, cases[index]!);
        done += 1;
        onDone(done);
      }
    } finally {
      await worker.terminate();
    }
  };
  const count = Math.min(cases.length, availableParallelism());
  try {
    await Promise.all(Array.from({ length: count }, work));
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()));
    throw error;
  }
  return results;
}

function answerOf(worker: Worker, given: Case): Promise<CaseResult> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (answer: WorkerAnswer) => {
      worker.off("error", reject);
      if ("result" in answer) resolve(answer.result);
      else reject(new Error(answer.error));
    });
    worker.postMessage(given);
  });
}
