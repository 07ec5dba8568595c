import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LoadCurve, requestsPerSecond } from "../scripts/traffic/load-curve.ts";
import { exponential, seededRandom } from "../scripts/traffic/random.ts";
import { parseTrace, type TraceRequest } from "../scripts/traffic/trace.ts";
import { zipfSampler } from "../scripts/traffic/zipf.ts";

const TRACES_FOLDER = join(import.meta.dirname, "../../shared/traces");

export interface NamedTrace {
  name: string;
  requests: TraceRequest[];
}

/**
 * The traces that tests replay: recorded ones where a folder `shared/traces` lies beside the repository, which may not
 * be copied into it, and everywhere else a made-up one of the same form. Never empty.
 */
export function loadTraces(folder = TRACES_FOLDER): NamedTrace[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".csv")) : [];
  if (files.length === 0) return [{ name: "synthetic day", requests: syntheticDay() }];
  return files.sort().map((name) => ({ name, requests: readTrace(join(folder, name)) }));
}

function readTrace(file: string): TraceRequest[] {
  const { requests, problems } = parseTrace(readFileSync(file, "utf8"));
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${file}:${problem.line}: ${problem.reason}`);
  return requests;
}

const DAY: LoadCurve = { peakPerSecond: 0.75, durationSeconds: 86_400, waves: 1 };
const CLIENTS = 7_000;
const RESOURCES = 3_000;

/** A day of about 35,000 requests: quiet at its ends, at its peak in the middle; few clients and resources lead. */
function syntheticDay(): TraceRequest[] {
  const random = seededRandom(20_261_101);
  const drawClient = zipfSampler(CLIENTS, 0.8, random);
  const drawKey = zipfSampler(RESOURCES, 0.8, random);
  const requests: TraceRequest[] = [];
  let atSeconds = 0;
  while (true) {
    atSeconds += exponential(random, requestsPerSecond(DAY, atSeconds));
    if (atSeconds >= DAY.durationSeconds) return requests;
    // Milliseconds, as in the recorded ones.
    requests.push({ atSeconds: Math.round(atSeconds * 1000) / 1000, client: drawClient(), key: drawKey() });
  }
}
