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
 * The traces that tests replay. If there is a folder `shared/traces` beside the repository, these are the recorded
 * traces in it, which must not be copied into the repository. Otherwise, one synthetic trace of the same format. Never
 * empty.
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

/** A day of about 35,000 requests with its peak in the middle. A few clients and resources get most of them. */
function syntheticDay(): TraceRequest[] {
  const random = seededRandom(20_261_101);
  const drawClient = zipfSampler(CLIENTS, 0.8, random);
  const drawKey = zipfSampler(RESOURCES, 0.8, random);
  const requests: TraceRequest[] = [];
  let atSeconds = 0;
  while (true) {
    atSeconds += exponential(random, requestsPerSecond(DAY, atSeconds));
    if (atSeconds >= DAY.durationSeconds) return requests;
    // Rounded to milliseconds, as in recorded traces.
    requests.push({ atSeconds: Math.round(atSeconds * 1000) / 1000, client: drawClient(), key: drawKey() });
  }
}
