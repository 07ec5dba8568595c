import type { Health } from "./health.ts";

/** What the client may see of the parts; undefined: nothing. */
export type HealthDetails = "all" | readonly string[] | undefined;

/**
 * The response to GET /healthz. Without a token it is one of two texts. With the token of single services it has only these, and
 * nothing of the environment, which may name others.
 */
export function healthReply({ status, problems, services }: Health, details: HealthDetails): Response {
  const seen = Object.entries(services).filter(([name]) => details === "all" || details?.includes(name) === true);
  const parts = {
    ...(details === "all" ? { problems } : {}),
    ...(details === undefined ? {} : { services: Object.fromEntries(seen) }),
  };
  return Response.json(
    { status, ...parts },
    { status: status === "ok" ? 200 : 503, headers: { "cache-control": "no-store" } },
  );
}
