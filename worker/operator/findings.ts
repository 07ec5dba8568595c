import type { Gates } from "../../config/fails-open.ts";
import type { IsolateSnapshot } from "../../durable/memory/isolate.ts";
import { FINDING_CODES, type Finding, finding, SEVERITIES, THRESHOLDS } from "./findings/finding.ts";
import { findingsOfService } from "./findings/of-service.ts";
import { counted, duration, mebibytes, shortened } from "./findings/words.ts";
import type { GatewayReport } from "./gateway-report.ts";

export type { Finding, FindingCode, Severity } from "./findings/finding.ts";
export { isUnableToDecide } from "./findings/inability.ts";

/**
 * What is wrong according to the figures, worst first, in words for an operator at night. Pure.
 *
 * @param gateway the configuration knows which services fail open
 */
export function findingsOf(
  report: GatewayReport,
  nowMs: number,
  gateway: { readonly services: readonly Gates[] },
): Finding[] {
  const services = new Map(gateway.services.map((service) => [service.name, service]));
  const ofServices = report.services.flatMap((entry) =>
    "atMs" in entry ? findingsOfService(entry, services.get(entry.name), nowMs) : [],
  );
  const all = [
    ...report.problems.map((problem) => ofProblem(problem, report.atMs)),
    ...ofErrors(report),
    ...ofServices,
    ...report.isolates.flatMap((isolate) => ofIsolate(isolate, report, nowMs)),
  ];
  return all.toSorted(worstFirst);
}

function worstFirst(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    FINDING_CODES.indexOf(a.code) - FINDING_CODES.indexOf(b.code) ||
    compareTexts(a.service ?? "", b.service ?? "")
  );
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function ofProblem(problem: string, atMs: number): Finding {
  const [text = "", ...todo] = problem.split("\n");
  return finding("gateway_problem", {
    service: null,
    severity: "down",
    text: `The gateway lacks something in this environment: ${text}`,
    todo: todo.length > 0 ? todo.join("\n") : "Set it in this environment and deploy (docs/environments.md).",
    atMs,
  });
}

/** Services that could not be asked, by reason: one cause often concerns all of them. */
function ofErrors({ services, problems, atMs }: GatewayReport): Finding[] {
  const byError = new Map<string, string[]>();
  for (const entry of services) {
    if (!("error" in entry) || problems.includes(entry.error)) continue;
    byError.set(entry.error, [...(byError.get(entry.error) ?? []), entry.name]);
  }
  return [...byError].map(([error, names]) => {
    const [first = "", ...others] = names;
    const shown = names.length <= 3 ? names.join(", ") : `${first} and ${counted(others.length, "other")}`;
    return finding("not_asked", {
      service: others.length === 0 ? first : null,
      severity: "down",
      text: `The figures of ${shown} could not be read: ${shortened(error)}`,
      todo: "Ask again; if that fails too, see the Worker's log and Cloudflare's status page.",
      atMs,
    });
  });
}

/** Its figures are as new as the newest of its services. */
function ofIsolate(isolate: IsolateSnapshot, { services, atMs }: GatewayReport, nowMs: number): Finding[] {
  const members = services.flatMap((entry) =>
    "atMs" in entry && entry.isolateId === isolate.isolateId ? [entry] : [],
  );
  const newestMs = Math.max(...members.map((entry) => entry.atMs));
  if (members.length > 0 && nowMs - newestMs > THRESHOLDS.freshMs) return [];
  const { budget, reclaim } = isolate;
  const found: Finding[] = [];
  if (budget.relieving || budget.reason === "high_mark" || budget.reason === "hard_mark") {
    const isHard = budget.heldBytes >= budget.hardBytes;
    const beyond = isHard
      ? `beyond the hard mark of ${mebibytes(budget.hardBytes)}: requests wait for memory`
      : `the high mark is ${mebibytes(budget.highBytes)}`;
    found.push(
      finding("budget_short", {
        service: null,
        severity: isHard ? "down" : "warning",
        text: `The filters of ${counted(members.length, "service")} hold ${mebibytes(budget.heldBytes)} of an isolate; ${beyond}.`,
        todo: "See which service holds most, and lower its `cache.maxBytes`, or move services to another Worker (docs/sizing.md).",
        atMs: newestMs,
      }),
    );
  }
  if (reclaim.failuresInARow >= reclaim.givesUpAfter && reclaim.givesUpAfter > 0) {
    const since = reclaim.lastAtMs === null ? "" : ` (last tried ${duration(nowMs - reclaim.lastAtMs)} ago)`;
    found.push(
      finding("memory_not_collected", {
        service: null,
        severity: "warning",
        text: `Forced garbage collections have freed nothing ${counted(reclaim.failuresInARow, "time")} in a row${since}, so no more are forced; ${mebibytes(isolate.retired.bytes)} of retired memory wait for V8.`,
        todo: "A deployment starts with a new isolate. If it comes again, report it with the isolate's part of /stats.",
        atMs: newestMs,
      }),
    );
  }
  return found.map((each) => (members.length > 0 ? each : { ...each, atMs }));
}
