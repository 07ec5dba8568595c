import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import { headerOf, sendRequest } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { TokenIssuer } from "./token-issuer.ts";

/** Variables and bindings that an environment lacks: each names itself and the way out, and none opens the gate. */

/** The part of /stats that is looked at. */
interface Stats {
  readonly problems: readonly string[];
  readonly services: readonly { readonly name: string; readonly error?: string }[];
}

let upstream: RawServer;
let authorization: RawServer;
let issuer: TokenIssuer;
const started: WorkerdProcess[] = [];

beforeAll(async () => {
  upstream = await RawServer.start(() => ({ body: "served" }));
  authorization = await RawServer.start((request) => ({
    status: linesOf(request, "authorization")[0] === "Bearer allow" ? 200 : 403,
  }));
  issuer = await TokenIssuer.start();
});
afterAll(async () => {
  for (const workerd of started) await workerd.stop();
  await Promise.all([upstream?.stop(), authorization?.stop(), issuer?.stop()]);
});

const variable = (name: string) => ({ variable: name });

/** Settings that must not let a request pass for lack of a variable or binding. */
const services = {
  orders: {
    route: { prefix: "/orders" },
    upstream: { url: variable("UPSTREAM_URL") },
    clusters: { auth: { url: variable("AUTH_URL") } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    rules: [{ path: "/orders/open", public: true }],
    preflight: "pass",
    failOpen: true,
    failurePolicy: "open",
    enforcement: { mode: "report-only", until: "2999-01-01" },
  },
  tokens: {
    route: { prefix: "/tokens" },
    upstream: { url: variable("UPSTREAM_URL") },
    authorization: {
      protocol: "jwt",
      issuers: [{ issuer: variable("ISSUER"), audience: variable("AUDIENCE") }],
    },
    resource: { authorizationServers: [variable("ISSUER")] },
    cors: { origins: variable("PAGE_ORIGIN") },
  },
  secret: {
    route: { prefix: "/secret" },
    upstream: { url: variable("UPSTREAM_URL") },
    clusters: { auth: { url: variable("AUTH_URL") } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    rules: [{ path: "/secret/open", public: true }],
    upstreamAuthorization: { replace: { secret: "UPSTREAM_AUTHORIZATION" } },
  },
  bound: {
    route: { prefix: "/bound" },
    upstream: { binding: "ORDERS" },
    clusters: { auth: { binding: "AUTH" } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    rules: [{ path: "/bound/open", public: true }],
    rateLimit: { binding: "MISSES" },
  },
};

async function start(text: Record<string, string>, objects = true) {
  const workerd = await startWorkerd(
    {
      gateway: {
        bundle: await bundleWorker("test/security/gateway.ts", {
          GATEWAY: { services },
          PROBE_LIMITS: null,
        }),
        text: { EBB_DEV: "1", ...text },
        ...(objects ? { objects: { SERVICE_OBJECT: "ServiceObject" } } : {}),
      },
    },
    ["gateway"],
  );
  started.push(workerd);
  const port = workerd.ports.gateway!;
  const ask = async (target: string, headers: string[] = [], method = "GET") => {
    const response = await sendRequest(port, { target, headers, method });
    return [response.status, headerOf(response, "x-ebb-reason") ?? response.body] as const;
  };
  const stats = async () => (await (await fetch(`http://127.0.0.1:${port}/stats?wake=1`)).json()) as Stats;
  return { workerd, port, ask, stats };
}

const allSet = () => ({
  UPSTREAM_URL: upstream.origin,
  AUTH_URL: authorization.origin,
  ISSUER: issuer.origin,
  AUDIENCE: "orders-api",
  PAGE_ORIGIN: "https://app.example",
});
const CREDENTIAL = ["Authorization: Bearer allow"];
const METADATA = "/.well-known/oauth-protected-resource/tokens";
const PREFLIGHT = ["Origin: https://app.example", "Access-Control-Request-Method: GET"];

it("with every variable set, the gateway decides by their values", async () => {
  const { ask, stats } = await start(allSet());
  expect(await ask("/orders/1", CREDENTIAL)).toEqual([200, "served"]);
  expect(await ask("/tokens/1", [`Authorization: Bearer ${await issuer.token()}`])).toEqual([200, "served"]);
  const foreign = await issuer.token({ aud: "another" });
  expect((await ask("/tokens/1", [`Authorization: Bearer ${foreign}`]))[0]).toBe(401);
  expect((await ask(METADATA))[1]).toContain(`"authorization_servers":["${issuer.origin}"]`);
  expect((await ask("/tokens/1", PREFLIGHT, "OPTIONS"))[0]).toBe(204);
  expect((await ask("/tokens/1", [...PREFLIGHT, "Origin: https://other.example"], "OPTIONS"))[0]).toBe(403);
  expect((await stats()).services.map(({ name }) => name)).toEqual(["orders", "tokens", "secret", "bound"]);
});

describe.each([
  ["missing", undefined, "which is not set"],
  ["empty", "", "which is not set"],
  ["no URL", "auth.example", "a text of 12 characters; allowed: an http(s) URL with a host"],
  [
    "a URL with a password",
    "https://a:hunter2@auth.example",
    "a text of 30 characters; allowed: a URL without user name",
  ],
])("with a variable that is %s", (_what, value, problem) => {
  let gateway: Awaited<ReturnType<typeof start>>;

  beforeAll(async () => {
    const { AUTH_URL: _, ...others } = allSet();
    gateway = await start(value === undefined ? others : { ...others, AUTH_URL: value });
  });

  it("no request passes, on a public path, as a preflight, or while a service only reports", async () => {
    const before = upstream.requests.length;
    for (const [target, headers, method] of [
      ["/orders/1", CREDENTIAL, "GET"],
      ["/orders/1", [], "GET"],
      ["/orders/open", [], "GET"],
      ["/orders/1", PREFLIGHT, "OPTIONS"],
      ["/tokens/1", [`Authorization: Bearer ${await issuer.token()}`], "GET"],
      ["/bound/open", [], "GET"],
      [METADATA, [], "GET"],
    ] as const) {
      expect([target, await gateway.ask(target, [...headers], method)]).toEqual([target, [503, "variable_unusable"]]);
    }
    expect(upstream.requests.length).toBe(before);
    expect(await gateway.ask("/nothing")).toEqual([404, "no_service"]);
    expect(await gateway.ask("/orders/../x")).toEqual([400, "dot_segment_in_path"]);
  });

  it("the log and /stats name the variable, the field and the way out, and not the value", async () => {
    await gateway.ask("/orders/1");
    const named = `services.orders.clusters.auth.url: found variable("AUTH_URL"), ${problem}`;
    const { problems, services: shown } = await gateway.stats();
    expect(problems[0]).toContain(named);
    for (const service of shown) expect(service).toMatchObject({ error: expect.stringContaining(named) });
    const log = gateway.workerd.log();
    expect(log).toContain(`no request can pass: gateway.config.ts: ${named}`);
    expect(log).toContain(`orders: variable_unusable: gateway.config.ts: ${named}`);
    expect(`${log}${JSON.stringify(problems)}`).not.toContain("hunter2");
  });

  it("an operator's action fails and says why", async () => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`http://127.0.0.1:${gateway.port}/stats/purge`, {
      method: "POST",
      headers,
      body: "{}",
    });
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("AUTH_URL");
  });
});

describe("without a secret", () => {
  it.each([
    ["1", 'secret UPSTREAM_AUTHORIZATION is not set: add a line UPSTREAM_AUTHORIZATION="…" to .dev.vars'],
    ["", "secret UPSTREAM_AUTHORIZATION is not set: wrangler secret put UPSTREAM_AUTHORIZATION\n"],
  ])("requests get a reason, and the log a way out: with EBB_DEV=%j it is %s", async (EBB_DEV, line) => {
    const { ask, workerd } = await start({ ...allSet(), EBB_DEV });
    expect(await ask("/secret/open")).toEqual([503, "secret_missing"]);
    await expect.poll(() => workerd.log()).toContain(`secret: ${line}`);
  });
});

describe("without a binding", () => {
  it("of its own, a service gets a reason, and the log has the lines that add it", async () => {
    const { ask, stats, workerd } = await start(allSet());
    expect(await ask("/bound/open")).toEqual([503, "upstream_binding_missing"]);
    expect(await ask("/bound/1", CREDENTIAL)).toEqual([503, "authorization_server_unknown"]);
    const { problems } = await stats();
    expect(problems).toEqual([
      'the service binding ORDERS (services.bound.upstream.binding) is missing. Add to wrangler.toml (an environment inherits no binding):\n[[services]]\nbinding = "ORDERS"\nservice = "the name of the Worker"',
      expect.stringContaining("the service binding AUTH (services.bound.clusters.auth.binding) is missing"),
      expect.stringContaining('[[ratelimits]]\nname = "MISSES"'),
    ]);
    for (const problem of problems) expect(workerd.log()).toContain(problem);
    expect(workerd.log()).toContain("bound: the service binding ORDERS");
    expect(await ask("/orders/1", CREDENTIAL)).toEqual([200, "served"]);
  });

  it("to the objects, requests that need one get a reason, and nothing reads a property of undefined", async () => {
    const { ask, stats, workerd } = await start({ ...allSet(), UPSTREAM_URL: upstream.origin }, false);
    expect(await ask("/bound/1", CREDENTIAL)).toEqual([503, "object_binding_missing"]);
    const lines = '[[durable_objects.bindings]]\nname = "SERVICE_OBJECT"\nclass_name = "ServiceObject"';
    const { problems, services: shown } = await stats();
    expect(problems[0]).toContain(lines);
    expect(shown[0]).toMatchObject({ name: "orders", error: expect.stringContaining("SERVICE_OBJECT is missing") });
    expect(workerd.log()).toContain(lines);
    expect(workerd.log()).toContain("bound: object_binding_missing: the binding SERVICE_OBJECT is missing.");
    expect(workerd.log()).not.toContain("of undefined");
    // What the Worker decides itself goes on.
    expect(await ask("/tokens/1", [`Authorization: Bearer ${await issuer.token()}`])).toEqual([200, "served"]);
  });
});
