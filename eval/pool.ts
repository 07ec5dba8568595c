import { availableParallelism } from "node:os";
import { CaseWorker } from "./case-worker.ts";
import type { Case } from "./cases.ts";
import type { CaseResult } from "./run-case.ts";

/**
 * Runs the cases on all cores and starts them in the given order. The results have the same order.
 * @param onDone called whenever a case ends, with the number of cases done
 * @param maxCallMs see `watchCalls`
 * @throws the first error of any case; the others are stopped
 */
export async function runCases(
  cases: readonly Case[],
  onDone: (done: number) => void,
  maxCallMs?: number,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let next = 0;
  let done = 0;
  const workers: CaseWorker[] = [];
  const work = async (): Promise<void> => {
    const worker = new CaseWorker(maxCallMs);
    workers.push(worker);
    try {
      while (next < cases.length) {
        const index = next;
        next += 1;
        results[index] = await worker.run(cases[index]!);
        done += 1;
        onDone(done);
      }
    } finally {
      await worker.stop();
    }
  };
  const count = Math.min(cases.length, availableParallelism());
  try {
    await Promise.all(Array.from({ length: count }, work));
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.stop()));
    throw error;
  }
  return results;
}
