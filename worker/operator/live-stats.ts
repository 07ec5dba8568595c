import { type Env, serviceObject } from "../../durable/environment.ts";
import { errorResponse } from "../replies.ts";

/** Streams the figures of one service from its object, as server-sent events (docs/stats.md). Wakes the object, and keeps it in memory. */
export async function liveStats(request: Request, service: string, env: Env): Promise<Response> {
  try {
    const query = new URLSearchParams({ service });
    const response = await serviceObject(env, service).fetch(`https://object/live?${query}`, {
      signal: request.signal,
    });
    return response.ok ? response : await refusal(response);
  } catch {
    return errorResponse(503, "object_unreachable");
  }
}

/** What the object says about its failure may be about other services too. */
async function refusal({ status, body }: Response): Promise<Response> {
  await body?.cancel();
  return status === 429 ? errorResponse(429, "too_many_live_streams") : errorResponse(503, "object_unreachable");
}
