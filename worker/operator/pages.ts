import { type Context, Hono, type Next } from "hono";
import type { VisibleServices } from "../../config/operator-tokens.ts";
import type { Env } from "../../durable/environment.ts";
import { rayIn } from "../client-info.ts";
import type { Front } from "../forward.ts";
import { errorResponse, internalError } from "../replies.ts";
import { rawPath } from "../request-target.ts";
import { accessOf } from "./access.ts";
import { purgeServices, restartServices } from "./actions.ts";
import { gatewayReport } from "./collect-stats.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import { HealthMonitor } from "./health/health-monitor.ts";
import { healthReply } from "./health/health-reply.ts";
import { healthSource } from "./health/health-source.ts";
import { liveStats } from "./live-stats.ts";
import { metricsReply } from "./metrics/metrics-reply.ts";
import { noAccess } from "./no-access.ts";
import { isOfAnotherSite } from "./origin.ts";
import { readAction } from "./read-action.ts";
import { readStatsQuery } from "./read-stats-query.ts";
import { signIn, signOut } from "./sign-in.ts";
import { statsResponse } from "./stats-response.ts";
import { visibleGateway } from "./visible-gateway.ts";

const NOT_STORED = { "cache-control": "no-store" };

interface PageEnv {
  readonly Bindings: Env;
  /** `services`: those that the request may see and act on. */
  readonly Variables: { readonly services: VisibleServices };
}

/** The operator's pages, under their reserved paths. */
export function operatorPages(front: Front): Hono<PageEnv> {
  const { gateway } = front;
  const { operator } = gateway;
  const { prefix } = operator;
  const app = new Hono<PageEnv>({ getPath: ({ url }) => rawPath(url) });
  const attempts = new FailedAttempts();
  const health = new HealthMonitor(gateway, front.nowMs);

  // In development no token is needed, so any page that a developer visits could send a request here.
  const ofThisSite = async (c: Context<PageEnv>, next: Next) =>
    isOfAnotherSite(c.req.raw) ? errorResponse(403, "cross_site_request") : next();
  const withAccess = async (c: Context<PageEnv>, next: Next) => {
    const access = await accessOf(c.req.raw, c.env, operator, attempts, Date.now());
    if (!access.ok) return noAccess(access);
    c.set("services", access.services);
    return next();
  };
  const onlyBy = (method: string) => () => errorResponse(405, "method_not_allowed", { allow: method });

  // Open to all; a token only adds the details.
  for (const path of pathsOf("healthz", operator.healthPath)) {
    app.get(path, async (c) => {
      const { raw } = c.req;
      const access = isOfAnotherSite(raw) ? undefined : await accessOf(raw, c.env, operator, attempts, Date.now());
      return healthReply(await health.health(healthSource(gateway, c.env)), access?.ok ? access.services : undefined);
    });
    app.all(path, onlyBy("GET"));
  }

  app.use(`${prefix}/*`, ofThisSite);
  app.post(`${prefix}/sign-in`, (c) => signIn(c.req.raw, c.env, operator, attempts, Date.now()));
  app.post(`${prefix}/sign-out`, (c) => signOut(c.req.raw, c.env, operator));
  for (const name of ["sign-in", "sign-out"]) app.all(`${prefix}/${name}`, onlyBy("POST"));

  app.use(`${prefix}/*`, withAccess);
  if (operator.metricsPath !== false) app.use(operator.metricsPath, ofThisSite, withAccess);
  for (const path of pathsOf("metrics", operator.metricsPath)) {
    app.get(path, (c) => metricsReply(visibleGateway(gateway, c.var.services), c.env, front.nowMs()));
    app.all(path, onlyBy("GET"));
  }
  app.get(prefix, async (c) => {
    const visible = visibleGateway(gateway, c.var.services);
    const parsed = readStatsQuery(new URL(c.req.url).searchParams, visible);
    if (!parsed.ok) return c.json({ error: "bad_request", message: parsed.reason }, 400, NOT_STORED);
    const { service, ...query } = parsed.query;
    const services = service === undefined ? visible.services.map(({ name }) => name) : [service];
    const report = await gatewayReport(visible, c.env, { ...query, services, nowMs: front.nowMs() });
    return c.json(statsResponse(report, query.samples), 200, NOT_STORED);
  });
  app.get(`${prefix}/live`, (c) => liveStats(c.req.raw, visibleGateway(gateway, c.var.services), c.env));
  app.all(prefix, onlyBy("GET"));
  const actions = { restart: restartServices, purge: purgeServices } as const;
  for (const name of ["restart", "purge"] as const) {
    const act = actions[name];
    app.post(`${prefix}/${name}`, async (c) => {
      const { services } = c.var;
      const visible = visibleGateway(gateway, services);
      const parsed = await readAction(c.req.raw, visible, services, name);
      if (!parsed.ok && parsed.reason === "other_service") return errorResponse(403, parsed.reason);
      if (!parsed.ok) return c.json({ error: parsed.reason, message: parsed.message }, 400, NOT_STORED);
      const report = await act({ ...front, gateway: visible }, c.env, parsed.action, rayIn(c.req.raw.headers));
      // Scripts read the status: it must not be 200 unless every service succeeded.
      const isDone = Object.values(report.services).every((outcome) => !("error" in outcome));
      return c.json(report, isDone ? 200 : 503, NOT_STORED);
    });
    app.all(`${prefix}/${name}`, onlyBy("POST"));
  }
  app.all(`${prefix}/*`, () => errorResponse(404, "no_such_page"));

  app.onError((error) => internalError(error).reply);
  return app;

  /** A page under the prefix, and its second path outside of it if there is one. */
  function pathsOf(name: string, outside: string | false): string[] {
    return [`${prefix}/${name}`, ...(outside === false ? [] : [outside])];
  }
}
