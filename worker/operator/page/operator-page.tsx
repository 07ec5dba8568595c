import { gatesOf } from "../../../config/fails-open.ts";
import type { Gateway } from "../../../config/index.ts";
import { pointOf } from "../../../durable/directory/history-point.ts";
import type { Env } from "../../../durable/environment.ts";
import { ownEntry } from "../../../durable/metrics/own-entry.ts";
import { gatewayFigures, gatewayReport } from "../collect-stats.ts";
import { findingsOf } from "../findings.ts";
import { readStatsQuery } from "../read-stats-query.ts";
import { htmlResponse } from "./html-response.ts";
import { Overview } from "./overview.tsx";
import { ServicePage } from "./service.tsx";
import { NoticePage } from "./sign-in.tsx";
import { hasFigures, type ServiceData } from "./view.ts";
import { type ChosenWindow, DEFAULT_WINDOW } from "./windows.ts";

export interface PageRequest {
  /** With the services that may be seen. */
  readonly gateway: Gateway;
  readonly env: Env;
  readonly url: string;
  readonly nowMs: number;
  /** Whether there is a session that can be ended. */
  readonly canSignOut: boolean;
}

/** `GET PREFIX` for a browser: all services, or with `?service=` one of them. Reads the directory, so it wakes no service. */
export async function operatorPage(request: PageRequest): Promise<Response> {
  const { gateway, url } = request;
  const { prefix } = gateway.operator;
  const parameters = new URL(url).searchParams;
  const parsed = readStatsQuery(parameters, gateway);
  if (!parsed.ok) {
    return htmlResponse(<NoticePage prefix={prefix} title="There is no such page" text={parsed.reason} />, 400);
  }
  const { service, windowMs } = parsed.query;
  const window = windowMs === undefined ? DEFAULT_WINDOW : { text: parameters.get("window") ?? "", ms: windowMs };
  return service === undefined ? overview(request, window) : servicePage(request, service, window);
}

async function overview({ gateway, env, nowMs, canSignOut }: PageRequest, window: ChosenWindow): Promise<Response> {
  const services = gateway.services.map(({ name }) => name);
  const asked = { services, windowMs: window.ms, samples: false, wake: false, nowMs, lastAwake: true } as const;
  const report = await gatewayReport(gateway, env, asked);
  const findings = findingsOf(report, nowMs, gateway);
  const { prefix } = gateway.operator;
  return htmlResponse(<Overview {...{ prefix, report, findings, window, nowMs, canSignOut }} />);
}

async function servicePage(
  { gateway, env, nowMs, canSignOut }: PageRequest,
  service: string,
  window: ChosenWindow,
): Promise<Response> {
  const asked = {
    services: [service],
    windowMs: window.ms,
    samples: false,
    wake: false,
    nowMs,
    lastAwake: true,
  } as const;
  const { report, history } = await gatewayFigures(gateway, env, asked);
  const [entry] = report.services;
  const configured = gateway.services.find(({ name }) => name === service)!;
  const data: ServiceData = {
    prefix: gateway.operator.prefix,
    service,
    window,
    collectMs: configured.restart.collectMs,
    gates: { services: [gatesOf(configured)] },
    report,
    points:
      entry !== undefined && hasFigures(entry)
        ? [...(ownEntry(history, service) ?? []).filter(({ timeMs }) => timeMs < entry.atMs), pointOf(entry)]
        : [],
  };
  return htmlResponse(<ServicePage data={data} nowMs={nowMs} canSignOut={canSignOut} />);
}
