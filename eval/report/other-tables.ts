import type { EvalResults } from "../results.ts";
import { quotient } from "./average.ts";
import { names, numbers, type TableData } from "./table-data.ts";
import {
  countText,
  durationText,
  factorText,
  finePercentText,
  isKnown,
  mibText,
  percentText,
  signedPercentText,
  UNKNOWN,
} from "./text.ts";
import { ttlQuality } from "./ttl-quality.ts";

/** When and how exactly `measured` knows the TTL, and the error of its estimate of required. */
export function ttlData(results: EvalResults): TableData {
  return {
    title: "How well the TTL and required are known",
    columns: [
      ...names("scenario"),
      ...numbers("TTL", "truth", "known in", "known after", "last off by", "worst factor", "longest off"),
      ...numbers("required", "off by"),
    ],
    rows: ttlQuality(results).map((row) => [
      row.scenario,
      durationText(row.ttlMs),
      `${row.known} of ${row.runs}`,
      durationText(row.knownAfterMs),
      signedPercentText(row.lastRatio - 1),
      factorText(row.worstFactor),
      durationText(row.longestOffMs),
      percentText(row.requiredError),
    ]),
    averages: [],
    note:
      "truth: the TTL at the start. known in: runs in which the TTL counted as measured. worst factor: the greatest between " +
      "estimate and truth during that time, over all runs; after a change of the TTL it is the change. longest off: the " +
      "longest time for which it counted as measured and was off by more than 25 %. " +
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
      ...numbers("MiB", "mean", "peak", "retired", "required"),
      ...numbers("calls", "requests", "hit rate", "outbound", "extra", "worst day"),
      ...numbers("", "restarts", "work"),
    ],
    rows: results.runs.map((run) => [
      run.scenario,
      run.policy,
      isKnown(run.seed) ? String(run.seed) : UNKNOWN,
      run.real ? "real" : "model",
      mibText(run.meanAllocatedBytes),
      mibText(run.peakAllocatedBytes),
      mibText(run.meanRetiredBytes),
      mibText(run.meanRequiredBytes),
      countText(run.requests),
      percentText(quotient(run.hits, run.requests)),
      countText(run.outbound),
      percentText(run.extraOutbound),
      percentText(run.extraOutboundWorstDay),
      countText(run.restarts),
      finePercentText(run.cpuShare),
    ]),
    averages: [],
  };
}

function byServices(results: EvalResults) {
  return results.density.toSorted((a, b) => b.services - a.services);
}
