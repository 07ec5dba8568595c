import { type Context, Hono, type Next } from "hono";
import type { VisibleServices } from "../../config/operator-tokens.ts";
import type { Env } from "../../durable/environment.ts";
import { rayIn } from "../client-info.ts";
import type { Front } from "../front.ts";
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
import { prefersHtml } from "./page/accept.ts";
import { assetResponse } from "./page/assets.ts";
import { operatorPage } from "./page/operator-page.tsx";
import { pageWithoutAccess } from "./page/without-access.tsx";
import { readAction } from "./read-action.ts";
import { readLiveQuery, readStatsQuery } from "./read-stats-query.ts";
import { signIn, signInState, signOut } from "./sign-in.ts";
import { statsResponse } from "./stats-response.ts";
import { visibleGateway } from "./visible-gateway.ts";

const NOT_STORED = { "cache-control": "no-store", vary: "accept" };

interface PageEnv {
  readonly Bindings: Env;
  readonly Variables: {
    /** Those that the request may see and act on. */
    readonly services: VisibleServices;
    readonly hasSession: boolean;
  };
}

/** The operator's pages, under their reserved paths. */
export function operatorPages(front: Front): Hono<PageEnv> {
  const { gateway } = front;
  const { operator } = gateway;
  const { prefix } = operator;
  const app = new Hono<PageEnv>({ getPath: ({ url }) => rawPath(url) });
  const attempts = new FailedAttempts();
  const health = new HealthMonitor(gateway, front.nowMs);

  const visible = (c: Context<PageEnv>) => visibleGateway(gateway, c.var.services);
  /** A browser gets a page in place of the refusal. */
  const refused = async ({ req: { raw }, env }: Context<PageEnv>, refusal: Response) =>
    pageWithoutAccess(raw, refusal, gateway, await signInState(raw, env, gateway, Date.now())) ?? refusal;
  // In development no token is needed, so any page that a developer visits could send a request here.
  const ofThisSite = async (c: Context<PageEnv>, next: Next) =>
    isOfAnotherSite(c.req.raw) ? refused(c, errorResponse(403, "cross_site_request")) : next();
  const withAccess = async (c: Context<PageEnv>, next: Next) => {
    const access = await accessOf(c.req.raw, c.env, operator, attempts, Date.now());
    if (!access.ok) return refused(c, noAccess(access));
    c.set("services", access.services);
    c.set("hasSession", access.hasSession);
    return next();
  };
  const badRequest = (c: Context<PageEnv>, message: string) =>
    c.json({ error: "bad_request", message }, 400, NOT_STORED);
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
  app.get(`${prefix}/assets/:name`, (c) => assetResponse(c.req.param("name")) ?? errorResponse(404, "no_such_page"));

  app.use(`${prefix}/*`, ofThisSite);
  app.post(`${prefix}/sign-in`, (c) => signIn(c.req.raw, c.env, operator, attempts, Date.now()));
  app.post(`${prefix}/sign-out`, (c) => signOut(c.req.raw, c.env, operator));
  for (const name of ["sign-in", "sign-out"]) app.all(`${prefix}/${name}`, onlyBy("POST"));

  // People type it. After signing in there, they would find no page.
  app.get(`${prefix}/`, ({ req }) => {
    const location = `${prefix}${new URL(req.url).search}`;
    return new Response(null, { status: 308, headers: { ...NOT_STORED, location } });
  });

  app.use(`${prefix}/*`, withAccess);
  if (operator.metricsPath !== false) app.use(operator.metricsPath, ofThisSite, withAccess);
  for (const path of pathsOf("metrics", operator.metricsPath)) {
    app.get(path, (c) => metricsReply(visible(c), c.env, front.nowMs()));
    app.all(path, onlyBy("GET"));
  }
  app.get(prefix, async (c) => {
    const shown = { gateway: visible(c), env: c.env, nowMs: front.nowMs() };
    if (prefersHtml(c.req.header("accept") ?? null)) {
      return operatorPage({ ...shown, url: c.req.url, canSignOut: c.var.hasSession });
    }
    const parsed = readStatsQuery(new URL(c.req.url).searchParams, shown.gateway);
    if (!parsed.ok) return badRequest(c, parsed.reason);
    const { service, ...query } = parsed.query;
    const services = service === undefined ? shown.gateway.services.map(({ name }) => name) : [service];
    const report = await gatewayReport(shown.gateway, c.env, { ...query, services, nowMs: shown.nowMs });
    return c.json(statsResponse(report, query.samples), 200, NOT_STORED);
  });
  app.get(`${prefix}/live`, async (c) => {
    const parsed = readLiveQuery(new URL(c.req.url).searchParams, visible(c));
    return parsed.ok ? liveStats(c.req.raw, parsed.service, c.env) : badRequest(c, parsed.reason);
  });
  app.all(`${prefix}/live`, onlyBy("GET"));
  app.all(prefix, onlyBy("GET"));
  const actions = { restart: restartServices, purge: purgeServices } as const;
  for (const name of ["restart", "purge"] as const) {
    const act = actions[name];
    app.post(`${prefix}/${name}`, async (c) => {
      const parsed = await readAction(c.req.raw, visible(c), c.var.services, name);
      if (!parsed.ok && parsed.reason === "other_service") return errorResponse(403, parsed.reason);
      if (!parsed.ok) return badRequest(c, parsed.message);
      const report = await act({ ...front, gateway: visible(c) }, c.env, parsed.action, rayIn(c.req.raw.headers));
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
