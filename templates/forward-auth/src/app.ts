import { identity } from "ebb";
import { Hono } from "hono";

/** Your API. Every request that arrives here has passed the gateway. */
export const app = new Hono()
  .get("/orders/health", (c) => c.text("ok"))
  .get("/orders/:id", (c) => c.json({ id: c.req.param("id"), user: callerOf(c.req.raw) }))
  .delete("/orders/:id", (c) => c.json({ deleted: c.req.param("id"), by: callerOf(c.req.raw) }));

/** Only the gateway can set this header: gateway.config.ts names it in `upstreamHeaders`. */
function callerOf(request: Request): string | undefined {
  return identity(request, { user: "x-user" }).user;
}
