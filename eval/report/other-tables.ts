import type { EvalResults } from "../results.ts";
import { quotient } from "./average.ts";
import { names, numbers, type TableData } from "./table-data.ts";
import { countText, durationText, isKnown, mibText, percentText, signedPercentText, UNKNOWN } from "./text.ts";
import { ttlQuality } from "./ttl-quality.ts";

/** When and how exactly `measured` knows the TTL, and the error of its estimate of required. */
export function ttlData(results: EvalResults): TableData {
  return {
    title: "How well the TTL and required are known",
    columns: [
      ...names("scenario"),
      ...numbers("TTL", "truth", "known in", "known after", "last off by", "worst off by"),
      ...numbers("required", "off by"),
    ],
    rows: ttlQuality(results).map((row) => [
      row.scenario,
      durationText(row.ttlMs),
      `${row.known} of ${row.runs}`,
      durationText(row.knownAfterMs),
      signedPercentText(row.lastRatio - 1),
      signedPercentText(row.worstRatio - 1),
      percentText(row.requiredError),
    ]),
    averages: [],
    note:
      "known in: runs in which the TTL counted as measured. worst: the furthest off during that time, over all runs. " +
      "required: mean error of the estimate against the guest's live bytes, from 2 TTL after the start.",
  };
}

export function densityData(results: EvalResults): TableData {
  return {
    title: "Services that fit into one isolate of 128 MB",
    columns: [...names("policy"), ...numbers("", "services", "peak MiB")],
    rows: byServices(results).map(({ policy, services, peakBytes }) => [
      policy,
      countText(services),
      mibText(peakBytes),
    ]),
    averages: [],
    note: "Each service has the same day, shifted in time. peak: the highest total that all of them allocate.",
  };
}

export function runsData(results: EvalResults): TableData {
  return {
    title: "All runs",
    columns: [
      ...names("scenario", "policy"),
      ...numbers("", "seed"),
      ...names("guest"),
      ...numbers("MiB", "mean", "peak", "required"),
      ...numbers("calls", "requests", "hit rate", "outbound", "extra"),
      ...numbers("", "restarts"),
    ],
    rows: results.runs.map((run) => [
      run.scenario,
      run.policy,
      isKnown(run.seed) ? String(run.seed) : UNKNOWN,
      run.real ? "real" : "model",
      mibText(run.meanAllocatedBytes),
      mibText(run.peakAllocatedBytes),
      mibText(run.meanRequiredBytes),
      countText(run.requests),
      percentText(quotient(run.hits, run.requests)),
      countText(run.outbound),
      percentText(run.extraOutbound),
      countText(run.restarts),
    ]),
    averages: [],
  };
}

function byServices(results: EvalResults) {
  return results.density.toSorted((a, b) => b.services - a.services);
}
