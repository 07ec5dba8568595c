import type { Gateway } from "../../config/index.ts";
import { type Env, serviceObject } from "../../durable/environment.ts";
import { errorResponse } from "../replies.ts";

/** Streams the figures of one service from its object, as server-sent events (docs/stats.md). Wakes the object, and keeps it in memory. */
export async function liveStats(request: Request, gateway: Gateway, env: Env): Promise<Response> {
  const parameters = new URL(request.url).searchParams;
  const service = parameters.get("service");
  const isAlone = [...parameters.keys()].length === 1;
  if (service === null || !isAlone || !gateway.services.some(({ name }) => name === service)) {
    return errorResponse(400, "bad_request");
  }
  try {
    const query = new URLSearchParams({ service });
    return await serviceObject(env, service).fetch(`https://object/live?${query}`, { signal: request.signal });
  } catch {
    return errorResponse(503, "object_unreachable");
  }
}
