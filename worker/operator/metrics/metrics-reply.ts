import type { Gateway } from "../../../config/index.ts";
import type { Env } from "../../../durable/environment.ts";
import { rateLimitedLog } from "../../rate-limited-log.ts";
import { errorResponse } from "../../replies.ts";
import { directoryReading } from "../collect-stats.ts";
import { gatewayProblems } from "../gateway-problems.ts";
import { CONTENT_TYPE } from "./exposition.ts";
import { gatewayMetrics } from "./gateway-metrics.ts";

/**
 * The response to GET /metrics, of the services that `gateway` has. One call to the directory; it wakes no service. If that cannot
 * be read the response is 503, so that Prometheus sees the scrape fail (`up` is 0) and no series stands still.
 */
export async function metricsReply(gateway: Gateway, env: Env, nowMs: number): Promise<Response> {
  try {
    const { entries } = await directoryReading(env, { services: gateway.services.map(({ name }) => name) });
    const text = gatewayMetrics({ gateway, problems: gatewayProblems(gateway, env), entries, nowMs });
    return new Response(text, { headers: { "content-type": CONTENT_TYPE, "cache-control": "no-store" } });
  } catch (error) {
    rateLimitedLog.error(`metrics: the directory could not be read: ${String(error)}`);
    return errorResponse(503, "directory_unreadable");
  }
}
