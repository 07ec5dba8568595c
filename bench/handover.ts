import { performance } from "node:perf_hooks";
import { configuration, forwardAuth, Harness, largeFilterModule, reply } from "../wasm/filter/testing/harness.ts";
import type { FilterHandover } from "../wasm/host/index.ts";

/**
 * Measures in milliseconds how long one instance of the built-in filter takes to hand its entries to another: the total
 * and the longest step. In a step, one instance writes a chunk and the other imports it. Requests can be answered
 * between steps.
 */

const ROUNDS = 9;
const ENTRIES = 100_000;
const BUDGET_BYTES = 1_024 * 1_024 * 1_024;

const module = await largeFilterModule();
const plugin = configuration({
  cache: { maxTtlMs: 600_000, denyTtlMs: 10_000, staleIfErrorMs: 0, maxBytes: 512 * 1_024 * 1_024 },
  protocol: forwardAuth({ upstreamHeaders: ["x-user"] }),
});

/** An instance that has cached `ENTRIES` decisions, each with `headerBytes` bytes of headers for the upstream. */
async function filled(headerBytes: number): Promise<Harness> {
  const harness = new Harness(plugin, module);
  const headers: [string, string][] = headerBytes === 0 ? [] : [["x-user", "v".repeat(headerBytes)]];
  harness.server = () => reply(200, headers);
  for (let n = 0; n < ENTRIES; n += 1) {
    await harness.ask({ token: `token-${n}` });
    harness.calls.length = 0;
  }
  return harness;
}

interface Move {
  readonly totalMs: number;
  readonly longestMs: number;
  readonly chunks: number;
}

function move(from: FilterHandover, to: FilterHandover): Move {
  let totalMs = 0;
  let longestMs = 0;
  let chunks = 0;
  const timed = <T>(step: () => T): T => {
    const startedMs = performance.now();
    const result = step();
    const ms = performance.now() - startedMs;
    totalMs += ms;
    longestMs = Math.max(longestMs, ms);
    return result;
  };
  timed(() => from.begin(BUDGET_BYTES));
  const moveChunk = (): boolean => {
    const step = from.moveTo(to);
    if (step.kind === "failed") throw new Error(step.message);
    return step.kind === "moved";
  };
  while (timed(moveChunk)) chunks += 1;
  timed(() => from.end());
  return { totalMs, longestMs, chunks };
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

console.log(`${ENTRIES} entries from one instance to another; milliseconds, median of ${ROUNDS} rounds`);
console.log("headers    in all   longest step (of all rounds)   chunks   purge one   purge all");
for (const headerBytes of [0, 100, 500]) {
  const old = await filled(headerBytes);
  const moves: Move[] = [];
  const purgesOfOne: number[] = [];
  const purgesOfAll: number[] = [];
  const purge = (of: () => number | undefined, expected: number): number => {
    const startedMs = performance.now();
    if (of() !== expected) throw new Error("the purge found an unexpected number of entries");
    return performance.now() - startedMs;
  };
  for (let round = -2; round < ROUNDS; round += 1) {
    // Collect the instances of earlier rounds now, not during this one.
    globalThis.gc?.();
    const taker = new Harness(plugin, module);
    const moved = move(old.handover, taker.handover);
    const one = purge(() => taker.handover.purgeCredential("token-7"), 1);
    const all = purge(() => taker.handover.purgeAll(), ENTRIES - 1);
    // The first rounds warm up.
    if (round < 0) continue;
    moves.push(moved);
    purgesOfOne.push(one);
    purgesOfAll.push(all);
  }
  const longest = Math.max(...moves.map(({ longestMs }) => longestMs));
  const middle = median(moves.map(({ longestMs }) => longestMs));
  console.log(
    [
      `${headerBytes} bytes`.padEnd(9),
      median(moves.map(({ totalMs }) => totalMs))
        .toFixed(1)
        .padStart(7),
      `${middle.toFixed(2).padStart(14)} (${longest.toFixed(2)})`.padEnd(31),
      String(moves[0]!.chunks).padStart(6),
      median(purgesOfOne).toFixed(2).padStart(11),
      median(purgesOfAll).toFixed(2).padStart(11),
    ].join(" "),
  );
}
