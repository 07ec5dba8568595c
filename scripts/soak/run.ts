import { setTimeout as sleep } from "node:timers/promises";
import { startGateway } from "../../test/security/start-gateway.ts";
import { changeRight, type EventCounts, fault, purge, restart } from "./events.ts";
import { attack, flood } from "./hostile.ts";
import { judgeMemory, type MemoryVerdict, usageOf } from "./memory-watch.ts";
import type { SoakOptions } from "./options.ts";
import { askOrdinary, closeConnections, type Dependencies, TOKENS } from "./ordinary.ts";
import { Random } from "./random.ts";
import { Reference } from "./reference.ts";
import { AuthorizationServer, UpstreamServer } from "./servers.ts";
import { LIFETIMES, SERVICE_NAMES, soakGateway } from "./services.ts";
import { Tally } from "./tally.ts";

/** Concurrent ordinary clients, and each client's pause between two requests: about 150 requests a second in all. */
const CLIENTS = 16;
const CLIENT_PAUSE_MS = 100;
const PROGRESS_MS = 10_000;
const SAMPLES = 100;

export interface SoakSummary {
  /** No wrong answer, nothing uncaught, memory flat. */
  readonly ok: boolean;
  readonly minutes: number;
  readonly seed: number;
  readonly tally: Tally;
  readonly events: EventCounts;
  readonly resident: MemoryVerdict;
  readonly allocatedBytes: Readonly<Record<string, number>>;
  readonly cpuSeconds: number;
  readonly uncaught: readonly string[];
}

/**
 * Runs the soak.
 * @param stop ends it early, with a summary
 * @param report gets a line of progress every 10 s
 */
export async function runSoak(
  options: SoakOptions,
  stop: AbortSignal,
  report: (line: string) => void,
): Promise<SoakSummary> {
  const startedMs = performance.now();
  const nowMs = () => performance.now();
  const endsMs = startedMs + options.minutes * 60_000;
  const isOver = () => stop.aborted || nowMs() >= endsMs;
  const random = new Random(options.seed);
  const reference = new Reference(LIFETIMES);
  for (const token of TOKENS) reference.setRight(token, random.next() < 0.7, startedMs);

  const authorization = new AuthorizationServer(reference);
  const upstream = new UpstreamServer();
  const [authorizationPort, upstreamPort] = await Promise.all([authorization.start(), upstream.start()]);
  const gateway = await startGateway(
    soakGateway(`http://127.0.0.1:${authorizationPort}`, `http://127.0.0.1:${upstreamPort}`),
    { v8Flags: ["--expose-gc"] },
  );
  const tally = new Tally(startedMs);
  const events: EventCounts = { rights: 0, purges: 0, restarts: 0, faults: 0, outages: 0 };
  const dependencies: Dependencies = { port: gateway.port, random, reference, upstream, tally, nowMs };
  const { pid } = gateway.workerd;
  const samples: number[] = [];
  const sampleMs = Math.max(500, (options.minutes * 60_000) / SAMPLES);

  const repeat = async (pauseMs: number, act: () => Promise<void>) => {
    while (!isOver()) {
      await act();
      await sleep(pauseMs * (0.5 + random.next()));
    }
  };
  const uncaught = new Set<string>();
  const readLog = () => {
    const lines = gateway.workerd.log().split("\n");
    for (const line of lines) if (/uncaught exception|unhandled/i.test(line)) uncaught.add(line);
  };
  report(`soak: ${options.minutes} minutes, seed ${options.seed}`);
  try {
    await Promise.all([
      ...Array.from({ length: CLIENTS }, () => repeat(CLIENT_PAUSE_MS, () => askOrdinary(dependencies))),
      // Concurrent misses of one key, which share a call.
      repeat(2_000, async () => void (await Promise.all(Array.from({ length: 20 }, () => askOrdinary(dependencies))))),
      repeat(100, () => attack(dependencies)),
      repeat(7_000, () => flood(dependencies)),
      repeat(400, () => changeRight(dependencies, events)),
      repeat(20_000, () => purge(dependencies, events)),
      repeat(5_000, () => restart(dependencies, events)),
      repeat(0, () => fault(dependencies, authorization, events, isOver)),
      repeat(sampleMs, async () => {
        // Uncollected garbage varies by tens of MiB and would hide a leak.
        await gateway.collect();
        samples.push((await usageOf(pid)).residentBytes);
      }),
      // Often, because only the end of workerd's log is kept.
      repeat(1_000, async () => readLog()),
      repeat(PROGRESS_MS, async () => {
        const residentMiB = Math.round((samples.at(-1) ?? 0) / 1_048_576);
        report(
          `${Math.round((nowMs() - startedMs) / 1_000)} s: ${tally.total} requests, ${tally.wrongAnswers} wrong, resident ${residentMiB} MiB`,
        );
      }),
    ]);
    if (upstream.strangers > 0)
      tally.wrong("upstream", nowMs(), `${upstream.strangers} requests that no client of the soak sent`);
    if (upstream.remaining > 0) tally.wrong("upstream", nowMs(), `${upstream.remaining} requests served late`);
    const stats = await Promise.all(
      SERVICE_NAMES.map(async (name) => [name, (await gateway.stats(name)).allocatedBytes] as const),
    );
    readLog();
    const resident = judgeMemory(samples, (nowMs() - startedMs) / 60_000);
    return {
      ok: tally.wrongAnswers === 0 && uncaught.size === 0 && resident.isFlat !== false,
      minutes: Math.round((nowMs() - startedMs) / 600) / 100,
      seed: options.seed,
      tally,
      events,
      resident,
      allocatedBytes: Object.fromEntries(stats),
      cpuSeconds: (await usageOf(pid)).cpuSeconds,
      uncaught: [...uncaught].slice(0, 20),
    };
  } finally {
    closeConnections();
    await gateway.stop();
    authorization.stop();
    upstream.stop();
  }
}
