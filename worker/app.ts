import { findService, type Gateway } from "../config/index.ts";
import { isOperatorPath } from "../config/operator-paths.ts";
import { findDescribed } from "../config/resource-metadata.ts";
import type { Env } from "../durable/environment.ts";
import { PLATFORM_RUNTIME } from "../durable/runtime/platform-runtime.ts";
import type { Runtime } from "../durable/runtime/runtime.ts";
import { openToListedOrigins } from "./cors.ts";
import { WorkerCounter } from "./counts/worker-counter.ts";
import { Credentials } from "./credentials/credentials.ts";
import { DecisionLog } from "./decisions/decision-log.ts";
import { EdgeCache } from "./edge/edge-cache.ts";
import { forward } from "./forward.ts";
import type { Front } from "./front.ts";
import { operatorPages } from "./operator/pages.ts";
import { rateLimitedLog } from "./rate-limited-log.ts";
import { errorResponse, internalError } from "./replies.ts";
import { rawPath, readTarget } from "./request-target.ts";
import { metadataReply } from "./resource-metadata.ts";

export interface App {
  /** Never rejects. */
  fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response>;
}

/** The front door: the operator's pages under their reserved paths, services everywhere else. */
export function createApp(gateway: Gateway, runtime: Runtime = PLATFORM_RUNTIME): App {
  const { operator } = gateway;
  const nowMs = () => runtime.nowMs();
  const counter = new WorkerCounter(nowMs);
  const front: Front = {
    gateway,
    edge: new EdgeCache(runtime, counter),
    credentials: new Credentials(gateway, runtime, counter),
    counter,
    decisions: new DecisionLog({ keySecret: gateway.keySecret, nowMs }),
    nowMs,
  };
  const pages = operatorPages(front);
  return {
    async fetch(request, env, ctx) {
      try {
        // Each reading of a request's URL makes a new text.
        const { url } = request;
        if (isOperatorPath(operator, rawPath(url))) return await pages.fetch(request, env, ctx);
        return await serviceReply(request, url, env, ctx, front);
      } catch (error) {
        return internalError(error).reply;
      }
    },
  };
}

function serviceReply(
  request: Request,
  url: string,
  env: Env,
  ctx: ExecutionContext,
  front: Front,
): Response | Promise<Response> {
  const { gateway } = front;
  const target = readTarget(url);
  if (!target.ok) {
    const asked = target.asked && findService(gateway, target.asked.host, target.asked.path);
    const reply = errorResponse(400, target.reason);
    return asked ? openToListedOrigins(reply, request, asked) : reply;
  }
  const described = findDescribed(gateway, target.host, target.path);
  if (described !== undefined && gateway.fault === undefined) return metadataReply(request.method, target, described);
  const service = described ?? findService(gateway, target.host, target.path);
  if (service === undefined) return errorResponse(404, "no_service");
  if (gateway.fault === undefined) return forward(request, url, env, ctx, front, service, target);
  rateLimitedLog.error(`${service.name}: variable_unusable: ${gateway.fault}`);
  return openToListedOrigins(errorResponse(503, "variable_unusable"), request, service);
}
