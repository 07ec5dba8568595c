import { isolateReport, NOW_MS, serviceReport } from "../../../durable/directory/testing/reports.ts";
import type { GatewayReport } from "../gateway-report.ts";

/** A gateway in good health. */
export function reportOf(fields: Partial<GatewayReport> = {}): GatewayReport {
  return {
    schema: 1,
    version: "c0ffee",
    atMs: NOW_MS,
    problems: [],
    isolates: [isolateReport()],
    services: [serviceReport()],
    ...fields,
  };
}
