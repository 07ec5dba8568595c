import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { VARIANTS } from "./variants.ts";

/**
 * A deployment resets objects, and for a while the Worker and an object may have different configurations. Neither may
 * cause a wrong refusal or let a request in.
 */

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let issuer: TokenIssuer;
  const gateways: SecurityGateway[] = [];

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    issuer = await TokenIssuer.start();
    authorization = await RawServer.start(async ({ headers, target }) => {
      if (target === "/access/v1/evaluation") return { body: '{"decision":true}' };
      if (target === "/introspect") return { body: '{"active":true,"scope":"orders:read"}' };
      const [credential = ""] = linesOf({ headers }, "authorization");
      if (credential.includes("slow")) await after(400);
      // Only one tenant has this user.
      const isTenants = !credential.includes("tenant") || linesOf({ headers }, "x-tenant")[0] === "blue";
      const status = isTenants && credential !== "Bearer bad" ? 200 : 403;
      return { status, headers: credential.includes("renewed") ? [["set-cookie", "a=1"]] : [] };
    });
  });
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await Promise.all([upstream?.stop(), authorization?.stop(), issuer?.stop()]);
  });

  const service = (fields: object = {}, authorizationFields: object = {}) => ({
    route: { prefix: "/" },
    upstream: { url: upstream.origin },
    clusters: { auth: { url: authorization.origin } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", ...authorizationFields } as const,
    ...fields,
  });
  async function start(worker: ReturnType<typeof service>, object?: ReturnType<typeof service>) {
    const options = object === undefined ? {} : { objects: { services: { orders: object } } };
    const gateway = await startGateway({ services: { orders: worker } }, { variant, ...options });
    gateways.push(gateway);
    return gateway;
  }
  async function ask(gateway: SecurityGateway, token: string, ...headers: string[]) {
    const response = await gateway.send({ target: "/1", headers: [`Authorization: Bearer ${token}`, ...headers] });
    return { status: response.status, reason: headerOf(response, "x-ebb-reason") };
  }

  it("requests that wait in an object that is reset are asked again once, and answered", async () => {
    const gateway = await start(service());
    const before = authorization.requests.length;
    const waiting = Array.from({ length: 20 }, (_, n) => ask(gateway, `slow-${n % 5}`));
    await after(150);
    await gateway.reset("orders");
    expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(authorization.requests.length - before).toBeLessThanOrEqual(10);
  });

  it("requests are not asked again if the object ran out of memory or CPU", async () => {
    const gateway = await start(service());
    for (const reason of ["exceeded its memory limit and was reset", "exceeded its CPU time limit and was reset"]) {
      const waiting = ask(gateway, "slow-once");
      await after(150);
      await gateway.reset("orders", `Durable Object ${reason}`);
      expect(await waiting).toEqual({ status: 503, reason: "object_unreachable" });
    }
  });

  it("an object whose variable is missing lets nothing pass, also what may pass while the server fails", async () => {
    const failing = { failOpen: true, failurePolicy: "open" };
    const unfilled = { clusters: { auth: { url: { variable: "AUTH_URL" } } } };
    const gateway = await start(service(failing), service({ ...failing, ...unfilled }));
    const before = upstream.requests.length;
    expect(await ask(gateway, "good")).toEqual({ status: 503, reason: "variable_unusable" });
    expect(upstream.requests.length).toBe(before);
  });

  it("a body is sent once, after the second decision", async () => {
    const gateway = await start(service());
    const headers = ["Authorization: Bearer slow-body", "Content-Length: 4"];
    const waiting = gateway.send({ method: "POST", target: "/1", headers, body: "body" });
    await after(150);
    await gateway.reset("orders");
    expect((await waiting).status).toBe(200);
    expect(upstream.requests.at(-1)!.body.toString()).toBe("body");
  });

  it("an object that needs a header which the Worker's configuration does not send asks for it", async () => {
    const gateway = await start(service(), service({}, { requestHeaders: ["x-tenant"] }));
    expect((await ask(gateway, "tenant", "X-Tenant: blue")).status).toBe(200);
    expect((await ask(gateway, "tenant", "X-Tenant: red")).status).toBe(403);
    expect((await ask(gateway, "tenant")).status).toBe(403);
    expect(linesOf(authorization.requests.at(-1)!, "x-tenant")).toEqual([]);
  });

  it("an object that expects the credential in another place finds it there, unless the Worker tells it", async () => {
    const gateway = await start(service(), service({ credentials: [{ from: "cookie", name: "session" }] }));
    const [byAuthorization, byCookie] = variant.isReadInWorker ? [200, 403] : [401, 200];
    expect((await ask(gateway, "good")).status).toBe(byAuthorization);
    expect((await ask(gateway, "bad", "Cookie: session=good")).status).toBe(byCookie);
  });

  it("an object that relies on the Worker to verify the credential trusts no Worker that does not", async () => {
    const verified = { verify: { issuers: [{ issuer: "https://login.example", audience: "api" }] } };
    const gateway = await start(service(), service({}, verified));
    const { status, reason } = await ask(gateway, "good");
    expect({ status, reason }).toEqual({ status: 503, reason: "configuration_mismatch" });
  });

  it("requests without a credential are asked about only if Worker and object both want it, and others pass meanwhile", async () => {
    const asking = service({}, { withoutCredential: "ask" });
    const without = async (gateway: SecurityGateway) => {
      const before = authorization.requests.length;
      const { status } = await gateway.send({ target: "/1" });
      return { status, asked: authorization.requests.length - before };
    };
    for (const [worker, object] of [
      [asking, service()],
      [service(), asking],
    ] as const) {
      const gateway = await start(worker, object);
      expect((await ask(gateway, "good")).status).toBe(200);
      expect((await ask(gateway, "bad")).status).toBe(403);
      // The server would let them in.
      expect(await without(gateway)).toEqual({ status: 401, asked: 0 });
    }
  });

  it("a Worker that knows nothing of headers for clients still lets pass what the object allows", async () => {
    const gateway = await start(service(), service({}, { clientHeaders: ["set-cookie"] }));
    const response = await gateway.send({ target: "/1", headers: ["Authorization: Bearer renewed"] });
    expect([response.status, headerOf(response, "set-cookie")]).toEqual([200, "a=1"]);
  });

  it("an object that sends patterns decides by its own rules, whatever the Worker's configuration sends", async () => {
    const rules = [{ path: "/:id", methods: ["GET"] }];
    for (const worker of [service(), service({ rules: [{ path: "/1/*" }] }, { uri: "rule" })]) {
      const gateway = await start(worker, service({ rules }, { uri: "rule" }));
      const sent = async (method: string, target: string) => {
        const before = authorization.requests.length;
        await gateway.send({ method, target, headers: ["Authorization: Bearer good"] });
        return authorization.requests.slice(before).map((request) => linesOf(request, "x-forwarded-uri")[0]);
      };
      expect(await sent("GET", "/1?a")).toEqual(["/:id"]);
      expect(await sent("GET", "/2?b")).toEqual([]);
      expect(await sent("POST", "/1?a")).toEqual(["/1?a"]);
    }
  });

  it("a server that is asked without a credential still learns what tells a page from a script", async () => {
    const asking = (more: object) => service({}, { withoutCredential: "ask", ...more });
    const gateway = await start(asking({}), asking({ requestHeaders: ["x-tenant"] }));
    const headers = ["Accept: text/html", "X-Requested-With: fetch", "X-Tenant: blue"];
    expect((await gateway.send({ target: "/1", headers })).status).toBe(200);
    const sent = (name: string) => linesOf(authorization.requests.at(-1)!, name);
    expect([sent("accept"), sent("x-requested-with"), sent("x-tenant")]).toEqual([["text/html"], ["fetch"], ["blue"]]);
  });

  it("a path that is public in the object, and not in the Worker, is decided on whole", async () => {
    const rules = [{ path: "/1", public: true as const }, { path: "/:id" }];
    const gateway = await start(service(), service({ rules }, { uri: "rule" }));
    expect(await ask(gateway, "bad")).toMatchObject({ status: 403 });
    expect(linesOf(authorization.requests.at(-1)!, "x-forwarded-uri")).toEqual(["/1"]);
  });

  it("an object that sends paths does so although the Worker's rules are patterns to send", async () => {
    const worker = service({ rules: [{ path: "/:id" }] }, { uri: "rule" });
    const gateway = await start(worker, service({ rules: [{ path: "/:id" }] }));
    for (const target of ["/1?a", "/2?b"]) {
      await gateway.send({ target, headers: ["Authorization: Bearer good"] });
      expect(linesOf(authorization.requests.at(-1)!, "x-forwarded-uri")).toEqual([target]);
    }
  });

  it("a header outside the Worker's key is in the object's, and no isolate shares what depends on it", async () => {
    const worker = service({}, { unkeyedHeaders: ["x-trace"] });
    const gateway = await start(worker, service({}, { requestHeaders: ["x-trace"] }));
    const before = authorization.requests.length;
    for (const trace of ["one", "two", "three"]) {
      expect((await ask(gateway, "good", `X-Trace: ${trace}`)).status).toBe(200);
      expect(linesOf(authorization.requests.at(-1)!, "x-trace")).toEqual([trace]);
    }
    expect(authorization.requests.length - before).toBe(3);
  });

  it("an object does not get headers that the Worker's configuration removes from every request", async () => {
    const worker = service({ identityHeaders: ["x-tenant"] });
    const gateway = await start(worker, service({}, { requestHeaders: ["x-tenant"] }));
    expect((await ask(gateway, "tenant", "X-Tenant: blue")).status).toBe(403);
  });

  describe("an object whose configuration relies on the Worker", () => {
    const inQuery = {
      credentials: [{ from: "authorization", schemes: ["Bearer"] } as const, { from: "query", name: "t" } as const],
    };
    const verify = () => ({ issuers: [{ issuer: issuer.origin, audience: "orders-api" }] });
    const aboutSubject = () => ({
      authorization: { protocol: "authzen", cluster: "auth", subject: "verified", verify: verify() } as const,
    });
    const introspection = () => ({
      protocol: "introspection" as const,
      cluster: "auth",
      path: "/introspect",
      clientAuthentication: { type: "none" } as const,
    });
    const scoped = { rules: [{ path: "/1", scopes: ["orders:admin"] }] };
    const refused = { status: 503, reason: "configuration_mismatch" };

    it("to verify a token does not take what it only found", async () => {
      for (const object of [service({}, { verify: verify() }), service(aboutSubject())]) {
        const gateway = await start(service(inQuery), object);
        const before = authorization.requests.length;
        expect(await ask(gateway, "root")).toEqual(refused);
        expect(authorization.requests.length).toBe(before);
      }
    });

    it("to tell the subject does not take the token for one, nor the subject for a token", async () => {
      const token = await issuer.token({ sub: "good" });
      const tellsToken = await start(service({}, { verify: verify() }), service(aboutSubject()));
      expect(await ask(tellsToken, token)).toEqual(refused);
      const tellsSubject = await start(service(aboutSubject()), service({}, { verify: verify() }));
      expect(await ask(tellsSubject, token)).toEqual(refused);
      expect(await ask(await start(service(aboutSubject()), service()), token)).toEqual(refused);
    });

    it("to compare scopes does not allow a token whose scopes no one has compared", async () => {
      const token = await issuer.token({ scope: "orders:read" });
      const worker = service({ ...scoped, authorization: { ...introspection(), verify: verify() } });
      expect(await ask(await start(worker), token)).toEqual({ status: 403, reason: "insufficient_scope" });
      const gateway = await start(worker, service(scoped, { verify: verify() }));
      expect(await ask(gateway, token)).toEqual(refused);
    });

    it("decides on what the Worker has done", async () => {
      const token = await issuer.token({ scope: "orders:admin" });
      const worker = service(scoped, { verify: verify() });
      expect(
        (await ask(await start(worker, service(scoped, { verify: verify(), method: "POST" })), token)).status,
      ).toBe(200);
    });
  });
});
