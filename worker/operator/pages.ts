import { Hono } from "hono";
import type { Env } from "../../durable/environment.ts";
import type { Front } from "../forward.ts";
import { errorResponse, internalError } from "../replies.ts";
import { rawPath } from "../request-target.ts";
import { type Access, accessOf, isOfAnotherSite } from "./access.ts";
import { purgeServices, restartServices } from "./actions.ts";
import { gatewayReport } from "./collect-stats.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import { liveStats } from "./live-stats.ts";
import { readAction } from "./read-action.ts";
import { readStatsQuery } from "./read-stats-query.ts";

const NOT_STORED = { "cache-control": "no-store" };

/** The operator's pages, under their reserved prefix. */
export function operatorPages(front: Front): Hono<{ Bindings: Env }> {
  const { gateway } = front;
  const { prefix, tokenSecret } = gateway.operator;
  const app = new Hono<{ Bindings: Env }>({ getPath: ({ url }) => rawPath(url) });
  const attempts = new FailedAttempts();

  app.use(`${prefix}/*`, async (c, next) => {
    // In development no token is needed, so any page that a developer visits could send a request here.
    if (isOfAnotherSite(c.req.raw)) return errorResponse(403, "cross_site_request");
    const access = await accessOf(c.req.raw, c.env, tokenSecret, attempts, Date.now());
    return access.ok ? next() : noAccess(access);
  });
  app.get(prefix, async (c) => {
    const parsed = readStatsQuery(new URL(c.req.url).searchParams, gateway);
    if (!parsed.ok) return c.json({ error: "bad_request", message: parsed.reason }, 400, NOT_STORED);
    const { service, ...query } = parsed.query;
    const services = service === undefined ? gateway.services.map(({ name }) => name) : [service];
    return c.json(await gatewayReport(gateway, c.env, { ...query, services, nowMs: front.nowMs() }), 200, NOT_STORED);
  });
  app.get(`${prefix}/live`, (c) => liveStats(c.req.raw, gateway, c.env));
  app.all(prefix, () => errorResponse(405, "method_not_allowed", { allow: "GET" }));
  const actions = { restart: restartServices, purge: purgeServices } as const;
  for (const name of ["restart", "purge"] as const) {
    const act = actions[name];
    app.post(`${prefix}/${name}`, async (c) => {
      const parsed = await readAction(c.req.raw, gateway, name);
      if (!parsed.ok) return c.json({ error: "bad_request", message: parsed.reason }, 400, NOT_STORED);
      const report = await act(front, c.env, parsed.action);
      // Scripts read the status: it must not be 200 unless every service succeeded.
      const isDone = Object.values(report.services).every((outcome) => !("error" in outcome));
      return c.json(report, isDone ? 200 : 503, NOT_STORED);
    });
    app.all(`${prefix}/${name}`, () => errorResponse(405, "method_not_allowed", { allow: "POST" }));
  }
  app.all(`${prefix}/*`, () => errorResponse(404, "no_such_page"));

  app.onError((error) => internalError(error).reply);
  return app;
}

function noAccess(access: Exclude<Access, { ok: true }>): Response {
  switch (access.reason) {
    case "not_this_machine":
      return errorResponse(403, access.reason);
    case "too_many_attempts":
      return errorResponse(429, access.reason, { "retry-after": String(Math.ceil(access.pauseMs / 1_000)) });
    case "operator_token_unusable":
      return errorResponse(503, access.reason);
    case "operator_token_required":
      return errorResponse(401, access.reason, { "www-authenticate": 'Bearer realm="ebb operator"' });
  }
}
