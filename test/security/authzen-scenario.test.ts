import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RawReply, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json, TokenIssuer } from "./token-issuer.ts";

/**
 * The API gateway scenario of the OpenID AuthZEN working group's interoperability events: a gateway before the Todo application
 * asks whether a user may call a method of a route. The users, the questions and the decisions are those of the published payloads
 * and of the events' own test harness; the decision point decides by the published policy.
 */

const USERS = {
  Rick: { id: "CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", roles: ["admin", "evil_genius"] },
  Morty: { id: "CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", roles: ["editor"] },
  Summer: { id: "CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", roles: ["editor"] },
  Beth: { id: "CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", roles: ["viewer"] },
  Jerry: { id: "CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", roles: ["viewer"] },
} as const;
type User = keyof typeof USERS;

/** What the published policy asks for: any user, or one with any of these roles. */
const ROUTES: readonly { method: string; route: string; path: string; roles: readonly string[] | "any" }[] = [
  { method: "GET", route: "/users/{userId}", path: "/users/beth@the-smiths.com", roles: "any" },
  { method: "GET", route: "/todos", path: "/todos", roles: "any" },
  { method: "POST", route: "/todos", path: "/todos", roles: ["admin", "editor"] },
  { method: "PUT", route: "/todos/{todoId}", path: "/todos/1", roles: ["evil_genius", "editor"] },
  { method: "DELETE", route: "/todos/{todoId}", path: "/todos/1", roles: ["admin", "editor"] },
];

/** The decisions that the test harness of the events expects, in the order of the routes above. */
const DECISIONS: Readonly<Record<User, readonly boolean[]>> = {
  Rick: [true, true, true, true, true],
  Morty: [true, true, true, true, true],
  Summer: [true, true, true, true, true],
  Beth: [true, true, false, false, false],
  Jerry: [true, true, false, false, false],
};

interface Evaluation {
  readonly subject: { readonly type: string; readonly id: string };
  readonly action: { readonly name: string };
  readonly resource: { readonly type: string; readonly id: string };
}

function decide({ subject, action, resource }: Evaluation): boolean {
  const user = Object.values(USERS).find(({ id }) => id === subject.id);
  const route = ROUTES.find(({ method, route: pattern }) => method === action.name && pattern === resource.id);
  if (subject.type !== "identity" || resource.type !== "route" || user === undefined || route === undefined)
    return false;
  const { roles } = route;
  return roles === "any" || user.roles.some((role) => roles.includes(role));
}

let metadata: (origin: string) => RawReply;
const rightMetadata = (origin: string) =>
  json({ policy_decision_point: origin, access_evaluation_endpoint: `${origin}/tenant/evaluation?v=1` });

async function startPoint(): Promise<RawServer> {
  let server: RawServer | undefined;
  server = await RawServer.start((request: RawRequest) => {
    if (request.target === "/.well-known/authzen-configuration") return metadata(server!.origin);
    return ["/access/v1/evaluation", "/tenant/evaluation?v=1"].includes(request.target) && request.method === "POST"
      ? json({ decision: decide(JSON.parse(request.body.toString())) })
      : { status: 404 };
  });
  return server;
}

let issuer: TokenIssuer;
let point: RawServer;
let todoApp: RawServer;
const gateways: SecurityGateway[] = [];

async function start(name: string, { path, point: asked = point }: { path?: string; point?: RawServer } = {}) {
  const gateway = await startGateway({
    services: {
      todo: {
        route: { prefix: "/" },
        upstream: { url: todoApp.origin },
        clusters: {
          pdp: { url: asked.origin, timeoutMs: 2_000 },
          login: { url: issuer.origin, timeoutMs: 2_000 },
        },
        authorization: {
          protocol: "authzen",
          cluster: "pdp",
          ...(path === undefined ? {} : { path }),
          verify: {
            issuers: [
              { issuer: issuer.origin, audience: "citadel-app", jwks: { cluster: "login", path: "/jwks.json" } },
            ],
          },
          subject: "verified",
          subjectType: "identity",
          resource: "route",
          action: "method",
          uri: "rule",
        },
        rules: ROUTES.map(({ method, route }) => ({ path: route.replace(/\{(\w+)\}/g, ":$1"), methods: [method] })),
        unmatched: "deny",
        failOpen: true,
      },
    },
  });
  gateways.push(gateway);
  const ask = async (user: User, method: string, target: string) => {
    const token = await issuer.token({ sub: USERS[user].id, aud: "citadel-app", exp: EXPIRES });
    const { status, body } = await gateway.send({ method, target, headers: [`Authorization: Bearer ${token}`] });
    return status === 200 ? "served" : `${status} ${JSON.parse(body).error}`;
  };
  return { gateway, ask, name };
}

/** Equal for all tokens, so that equal ones are signed: decisions are kept by the subject anyway. */
const EXPIRES = Math.floor(Date.now() / 1_000) + 3_600;

beforeAll(async () => {
  metadata = rightMetadata;
  issuer = await TokenIssuer.start();
  point = await startPoint();
  todoApp = await RawServer.start(() => ({ body: "served" }));
});
afterAll(async () => {
  await Promise.all([...gateways, issuer, point, todoApp].map((each) => each?.stop()));
});
beforeEach(() => {
  metadata = rightMetadata;
  point.requests.length = 0;
  todoApp.requests.length = 0;
});

describe.each([undefined, "discover"])(
  "the Todo application behind the gateway, the endpoint's path being %s",
  (path) => {
    let ask: Awaited<ReturnType<typeof start>>["ask"];
    beforeAll(async () => {
      ({ ask } = await start("todo", { path: path! }));
    });

    const cases = (Object.keys(USERS) as User[]).flatMap((user) =>
      ROUTES.map((route, index) => ({ user, ...route, decision: DECISIONS[user][index]! })),
    );
    it.each(cases)("$user: $method $route is $decision", async ({ user, method, route, path: target, decision }) => {
      expect(await ask(user, method, target)).toBe(decision ? "served" : "403 denied");
      const evaluation = point.requests.find((request) => request.method === "POST")!;
      expect(evaluation.target).toBe(path === undefined ? "/access/v1/evaluation" : "/tenant/evaluation?v=1");
      expect(JSON.parse(evaluation.body.toString())).toMatchObject({
        subject: { type: "identity", id: USERS[user].id },
        action: { name: method },
        resource: { type: "route", id: route },
        context: {},
      });
      expect(todoApp.requests).toHaveLength(decision ? 1 : 0);
    });

    it("asks once for all todos of a user, and again for another method", async () => {
      expect(await ask("Morty", "PUT", "/todos/2")).toBe("served");
      expect(await ask("Morty", "PUT", "/todos/3?a")).toBe("served");
      expect(await ask("Jerry", "DELETE", "/todos/4")).toBe("403 denied");
      expect(point.requests).toHaveLength(0);
    });

    it("tells the decision point nothing of the path", async () => {
      const { ask: asked } = await start("fresh", { path: path! });
      await asked("Morty", "PUT", "/todos/very-private?q=1");
      expect(point.requests.map(({ body }) => body.toString()).join()).not.toContain("private");
    });

    it("denies a route that no rule names", async () => {
      expect(await ask("Rick", "GET", "/admin")).toBe("403 no_rule");
    });
  },
);

describe("discovery", () => {
  it.each<[string, (pdp: string) => RawReply]>([
    ["are of another decision point", (pdp) => json({ ...of(pdp), policy_decision_point: "https://evil.example" })],
    ["name it with a slash at its end", (pdp) => json({ ...of(pdp), policy_decision_point: `${pdp}/` })],
    ["name nobody", (pdp) => json({ access_evaluation_endpoint: `${pdp}/access/v1/evaluation` })],
    ["name no endpoint", (pdp) => json({ policy_decision_point: pdp })],
    ["name an endpoint elsewhere", (pdp) => json({ ...of(pdp), access_evaluation_endpoint: "http://127.0.0.1:1/x" })],
    ["name a path only", (pdp) => json({ ...of(pdp), access_evaluation_endpoint: "/access/v1/evaluation" })],
    ["hold a password", (pdp) => json({ ...of(pdp), access_evaluation_endpoint: pdp.replace("//", "//a:b@") })],
    ["are a list", () => json([])],
    ["are no JSON", () => ({ body: "<html>" })],
    ["are moved", (pdp) => ({ status: 302, headers: [["location", `${pdp}/access/v1/evaluation`]] })],
    ["are not there", () => ({ status: 404 })],
    ["do not come", () => "hang"],
    ["break off", () => "reset"],
  ])("lets nobody in if the metadata %s", async (_, answer) => {
    metadata = answer;
    const { ask } = await start("hostile", { path: "discover" });
    expect(await ask("Rick", "GET", "/todos")).toMatch(/^503 authorization_server_(error|timeout)$/);
    expect(point.requests.filter(({ method }) => method === "POST")).toEqual([]);
    expect(todoApp.requests).toEqual([]);
  });

  it("asks for the metadata once, however many requests need them, and not again for each after a failure", async () => {
    const { ask } = await start("many", { path: "discover" });
    const users = Object.keys(USERS) as User[];
    await Promise.all(users.flatMap((user) => ROUTES.map(({ method, path }) => ask(user, method, path))));
    const asked = () => point.requests.filter(({ method }) => method === "GET").length;
    expect(asked()).toBe(1);
    metadata = () => ({ status: 500 });
    const { ask: other } = await start("failing", { path: "discover" });
    for (const user of users) await other(user, "GET", "/todos");
    expect(asked()).toBe(2);
  });
});

function of(pdp: string) {
  return { policy_decision_point: pdp, access_evaluation_endpoint: `${pdp}/access/v1/evaluation` };
}
