import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expressions } from "../../scripts/monitoring/dashboard.ts";
import { FAMILY_NAMES } from "../../worker/operator/metrics/families.ts";
import { parseExposition } from "../../worker/operator/metrics/testing/parse-exposition.ts";
import { type SecurityGateway, startGateway } from "../security/start-gateway.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";
import { hasPrometheus, promtool } from "./promtool.ts";

/** A real Prometheus scrapes a gateway on a bare workerd that has had requests of all kinds. */

const TOKEN = "operator-token-of-tests";
const PATH = "/stats/metrics";

let servers: Server[];
let gateway: SecurityGateway;

async function server(answer: (authorization: string | undefined) => number): Promise<number> {
  const started = createServer(({ headers }, response) => response.writeHead(answer(headers.authorization)).end());
  servers.push(started.listen(0, "127.0.0.1"));
  await once(started, "listening");
  return (started.address() as AddressInfo).port;
}

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}
const operator = { authorization: `Bearer ${TOKEN}` };

async function until(what: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 25_000;
  while (!(await what())) {
    if (Date.now() > endMs) throw new Error(`it did not come about\n${gateway.workerd.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

beforeAll(async () => {
  servers = [];
  const auth = await server((authorization) => (authorization === "Bearer good" ? 200 : 403));
  const broken = await server(() => 500);
  const upstream = await server(() => 200);
  const service = (prefix: string, port: number) =>
    ({
      route: { prefix },
      upstream: { url: `http://127.0.0.1:${upstream}` },
      clusters: { auth: { url: `http://127.0.0.1:${port}` } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    }) as const;
  gateway = await startGateway(
    {
      services: {
        orders: service("/orders", auth),
        billing: service("/billing", broken),
        unused: service("/unused", auth),
      },
    },
    { text: { EBB_DEV: "", OPERATOR_TOKEN: TOKEN } },
  );
  for (let n = 0; n < 5; n += 1) expect((await get("/orders/a", { authorization: "Bearer good" })).status).toBe(200);
  expect((await get("/orders/a", { authorization: "Bearer bad" })).status).toBe(403);
  expect((await get("/orders/a")).status).toBe(401);
  expect((await get("/billing/a", { authorization: "Bearer good" })).status).toBe(503);
  await until(async () => {
    const { text } = await get(PATH, operator);
    return (
      text.includes('ebb_requests_total{service="orders"} 7') &&
      text.includes('ebb_requests_total{service="billing"} 1')
    );
  });
}, 60_000);
afterAll(async () => {
  await gateway?.stop();
  for (const each of servers) each.close();
});

describe("GET /stats/metrics", () => {
  it("is Prometheus' text format, of families that are all described", async () => {
    const { status, type, text } = await get(PATH, operator);
    expect([status, type]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    const names = parseExposition(text).map(({ name }) => name);
    expect(names.filter((name) => !name.startsWith("ebb_filter_") && !FAMILY_NAMES.includes(name as never))).toEqual(
      [],
    );
    expect(names).toContain("ebb_filter_ebb_cache_live_bytes");
  });

  it("counts what happened", async () => {
    const { text } = await get(PATH, operator);
    for (const line of [
      'ebb_decisions_total{service="orders",outcome="allowed",reason="server"} 1',
      'ebb_decisions_total{service="orders",outcome="allowed",reason="cache"} 4',
      'ebb_decisions_total{service="orders",outcome="refused",reason="denied"} 1',
      'ebb_decisions_total{service="orders",outcome="refused",reason="credential"} 1',
      'ebb_decisions_total{service="billing",outcome="undecided",reason="authorization_server_error"} 1',
      'ebb_authorization_calls_total{service="orders",cluster="auth",result="2xx"} 1',
      'ebb_authorization_calls_total{service="orders",cluster="auth",result="4xx"} 1',
      'ebb_authorization_calls_total{service="billing",cluster="auth",result="5xx"} 1',
      'ebb_authorization_call_duration_seconds_count{service="orders",cluster="auth"} 2',
      'ebb_authorization_server_state{service="orders",cluster="auth",state="answering"} 1',
      'ebb_service_unable_to_decide{service="orders"} 0',
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    expect(text).not.toContain("unused");
  });

  it("needs the token, and no other method than GET", async () => {
    expect((await get(PATH)).status).toBe(401);
    expect((await get(PATH, { authorization: "Bearer wrong-wrong-wrong-wrong" })).status).toBe(401);
    const post = await fetch(`http://127.0.0.1:${gateway.port}${PATH}`, { method: "POST", headers: operator });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET"]);
  });
});

describe("GET /stats/healthz", () => {
  it("says to everyone whether all is well, and with the token which part is not", async () => {
    expect(await get("/stats/healthz")).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(await get("/stats/healthz", { authorization: "Bearer wrong-wrong-wrong-wrong" })).toMatchObject({
      text: '{"status":"ok"}',
    });
    expect(await get("/stats/healthz", operator)).toMatchObject({
      text: '{"status":"ok","problems":[],"services":{}}',
    });
  });
});

describe.runIf(hasPrometheus("promtool"))("promtool", () => {
  it("has nothing to say against real output", async () => {
    expect(promtool(["check", "metrics"], (await get(PATH, operator)).text)).toBeNull();
  });
});

describe.runIf(hasPrometheus("prometheus"))("Prometheus", () => {
  let prometheus: Prometheus;
  const valueNow = async (expression: string) => (await prometheus.query(expression))[0]?.value;

  beforeAll(async () => {
    const job = { port: gateway.port, path: PATH };
    prometheus = await startPrometheus(
      [
        { ...job, name: "with-token", token: TOKEN },
        { ...job, name: "without-token" },
      ],
      [resolve("docs/alerts.yml")],
    );
    await until(async () => ((await valueNow('sum_over_time(up{job="with-token"}[1m])')) ?? 0) >= 3);
  });
  afterAll(() => prometheus?.stop());

  it("scrapes it with the operator token, and not without", async () => {
    expect(await valueNow('up{job="with-token"}')).toBe(1);
    expect(await valueNow('up{job="without-token"}')).toBe(0);
    expect(await valueNow('count({__name__=~"ebb_.*", job="without-token"})')).toBeUndefined();
  });

  it("answers queries with the gateway's figures", async () => {
    expect(await valueNow('ebb_requests_total{service="orders"}')).toBe(7);
    expect(await valueNow('sum(ebb_decisions_total{outcome="allowed"})')).toBe(5);
    expect(await valueNow("sum by (cluster) (ebb_authorization_calls_total)")).toBe(3);
    expect(
      await valueNow('histogram_quantile(0.95, ebb_authorization_call_duration_seconds_bucket{service="orders"})'),
    ).toBeGreaterThan(0);
    expect(await valueNow('time() - ebb_figures_timestamp_seconds{service="orders"}')).toBeLessThan(60);
    expect(await valueNow("count(ebb_configuration_info)")).toBe(1);
  });

  it("knows the type and help of each family", async () => {
    const { data } = (await prometheus.get("/api/v1/metadata")) as {
      data: Record<string, { type: string; help: string }[]>;
    };
    expect(data.ebb_requests_total).toMatchObject([{ type: "counter", help: "Requests that asked for a decision." }]);
    expect(data.ebb_authorization_call_duration_seconds).toMatchObject([{ type: "histogram" }]);
    expect(data.ebb_filter_ebb_cache_live_bytes).toMatchObject([{ type: "unknown" }]);
  });

  it.each(expressions())("answers the dashboard's query %s", async (expression) => {
    const query = expression.replaceAll("$service", ".*");
    expect(query).not.toContain("$");
    await prometheus.query(query);
  });

  it("draws the dashboard's panels about requests and servers", async () => {
    const drawn = async (part: string) => {
      const expression = expressions()
        .find((each) => each.includes(part))!
        .replaceAll("$service", ".*");
      return (await prometheus.query(expression)).length;
    };
    expect(await drawn("ebb_service_unable_to_decide")).toBe(1);
    expect(await drawn("ebb_allocated_bytes")).toBe(2);
    expect(await drawn("time() - ebb_figures")).toBe(2);
  });

  it("evaluates all alert rules, and none fires", async () => {
    const rules = async () => {
      const { data } = (await prometheus.get("/api/v1/rules")) as { data: { groups: { rules: LoadedRule[] }[] } };
      return data.groups.flatMap((group) => group.rules);
    };
    await until(async () => (await rules()).every(({ health }) => health !== "unknown"));
    expect((await rules()).filter(({ health }) => health !== "ok")).toEqual([]);
    expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
  });
});

interface LoadedRule {
  readonly health: "ok" | "unknown" | "err";
  readonly lastError?: string;
}
