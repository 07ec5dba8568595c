import type { ServiceReport } from "../../../../durable/directory/service-report.ts";
import type { GatewayReport } from "../../gateway-report.ts";
import { callsOf, gatewayReport, NOW_MS, serviceReport } from "./figures.ts";

/** Ends every kind of text that HTML, attributes and JSON have, and would run a script. */
export const HOSTILE = `"'</title></script></textarea>--><script>taken()</script><img src=x onerror=taken()>&lt;\u2028`;

/** A report in which every text that comes from a configuration, a filter or a server is hostile. */
export function hostileReport(name: string = HOSTILE): GatewayReport {
  const { clusters, ...others } = serviceReport();
  const report: ServiceReport = {
    ...others,
    name,
    configVersion: HOSTILE,
    keyedBy: [HOSTILE],
    enforcement: { mode: "report-only", until: HOSTILE },
    failurePolicy: HOSTILE as ServiceReport["failurePolicy"],
    failedStart: { reason: HOSTILE, filterReason: HOSTILE, message: HOSTILE, atMs: NOW_MS },
    lastUnservedCall: { what: HOSTILE as "cluster", name: HOSTILE, atMs: NOW_MS },
    persistence: { state: "secret_missing", message: HOSTILE },
    verdict: { restart: false, reason: HOSTILE } as unknown as ServiceReport["verdict"],
    policy: HOSTILE as ServiceReport["policy"],
    restarts: others.restarts.map((restart) => ({ ...restart, reason: HOSTILE })),
    starts: others.starts.map((start) => ({ ...start, reason: HOSTILE as "trap" })),
    decisions: {
      allowed: { [HOSTILE]: 5 },
      refused: { [HOSTILE]: 5 },
      undecided: { [HOSTILE]: 5 },
    } as ServiceReport["decisions"],
    clusters: {
      [HOSTILE]: {
        ...clusters.auth!,
        state: HOSTILE as "answering",
        calls: callsOf(10, { [HOSTILE]: 10 } as ReturnType<typeof callsOf>["results"]),
      },
    },
  };
  return gatewayReport([report, { name: `${name}2`, error: HOSTILE }], { version: HOSTILE, problems: [HOSTILE] });
}
